"""The order in which the rooms work, and their wiring from settings.

    fetching     sources → store           ask every source, take in what it lists
    audience     who reads, who is owed an issue now
    liking       the papers that a profile's `like` names
    profiles     configured profiles and readers' own keywords, in the matcher's words
    enrolment    subscribers taken in by command
    history      how common words are in the stored papers, kept up to date
    composing    store → match → render    a window of papers becomes a digest, or a reason for silence
    previewing   dry runs and tests        nothing is written
    planning     a row per issue owed      who waits, and the brakes
    posting      → deliver                 the outbox is drained
    versions     the profiles with which mail was last sent
    replaying    a profile over past days, decided; `trying` finds what that needs
    linting      keywords that can be read and are probably not meant so

`wiring` is the one place where constructors meet the configuration; `runs` holds what `digest send` is asked and
answers. Rooms are imported through their doors only.
"""

from digest.pipeline.fetching import fetch
from digest.pipeline.runs import Request, Run, Sent
from digest.pipeline.sending import send

__all__ = ["Request", "Run", "Sent", "fetch", "send"]
