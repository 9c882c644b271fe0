"""The demo: a sample day of invented papers, and a small world on loopback that serves it and takes the mail."""
