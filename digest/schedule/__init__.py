"""`digest run`: the one process that fetches, plans, delivers and serves. It keeps time; what is due stands in the store.

    process     everything put together, from the lock to the last goodbye
    jobs        the list of what recurs: fetch, send, housekeeping
    worker      one job's life: woken, bounded, never the end of the process
    metronome   the ticks (APScheduler), also when the clock jumps
    books       what is kept and told of rounds: store, numbers, service manager, watching service, admin
    edits       reloads, asked for or because a file changed
    live        the settings that count now; a reload takes them all or none
    watching    files that change (watchfiles)
    systemd     what the service manager is told
    alone       one process per database

Nothing here decides who gets what: a tick that comes late, twice or not at all changes nothing.
"""

from digest.schedule.alone import AlreadyRunning
from digest.schedule.process import Options, Pages, Process

__all__ = ["AlreadyRunning", "Options", "Pages", "Process"]
