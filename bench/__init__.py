"""Side by side with what a user would pick instead: ranking quality and speed, printed as ratios (see README.md).

Nothing here is a test: figures are measured and shown, never asserted.
"""
