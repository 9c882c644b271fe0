"""The order in which the rooms work, and their wiring from settings.

    fetching     sources → store           ask every source, take in what it lists
    audience     who reads, who is owed an issue now
    liking       the papers that a profile's `like` names
    profiles     configured profiles and readers' own keywords, in the matcher's words
    enrolment    subscribers taken in by command
    history      how common words are in the stored papers, kept up to date
    composing    store → match → render    a window of papers becomes a digest, or a reason for silence
    previewing   dry runs and tests        nothing is written
    due          a row for all that is due      in sets, schedule by schedule, with the brakes; `plan_due` is one tick
    planning     the rows of one `digest send`   what is due, or today's issue by name
    posting      → deliver                 the outbox is drained
    versions     the profiles with which mail was last sent
    replaying    a profile over past days, decided; `trying` finds what that needs
    linting      keywords that can be read and are probably not meant so
    joining      what readers do themselves: sign up, confirm, change, leave;  confirming: the mail that asks
    catching     what keywords and profiles catch in the papers of the last weeks
    issues       an issue looked at again, and votes;  weighing: what a vote changes

A process that runs by itself calls `await plan_due(settings, store, now)` at every tick (cheap when nothing is due), sends
when `queued` is not 0, and tells a person when `brake` is not empty; `audience.sync(settings, store, now)` at its start and
whenever the configuration was read anew.

`wiring` is the one place where constructors meet the configuration; `runs` holds what `digest send` is asked and
answers. Rooms are imported through their doors only.
"""

from digest.pipeline.audience import sync
from digest.pipeline.due import DuePlanned, plan_due
from digest.pipeline.fetching import fetch
from digest.pipeline.runs import Request, Run, Sent
from digest.pipeline.sending import send

__all__ = ["DuePlanned", "Request", "Run", "Sent", "fetch", "plan_due", "send", "sync"]
