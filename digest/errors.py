"""Every error this program raises on purpose, and what each one means for the caller.

    DigestError                 one sentence a person can act on; the command line prints it and nothing else
    ├── UsageError              the command was asked for something that does not exist            exit 2
    ├── AlreadyRunning          a second `digest run` on one database                              exit 2
    ├── ConfigError             settings, profiles, keywords or templates are wrong: `problems`     exit 2
    ├── KeywordError            one keyword cannot be read: `column`, `hint`
    ├── SourceError             a source could not be read
    │   ├── FetchError          no usable answer: time out, refused, status, too large
    │   │   ├── NotBefore       the source asked us to stay away until `until`
    │   │   └── Gone            410: stop asking
    │   └── FeedError           an answer came, but it is not what the source promises
    ├── StoreError              the database cannot be used
    │   ├── StoreOutdated       made by an older version: upgrade it
    │   ├── StoreTooNew         made by a newer version: refuse
    │   └── StoreUnavailable    locked, full, read-only or damaged
    ├── OutputError             a file or folder cannot be read or written
    └── DeliveryError           a message did not leave
        ├── Deferred            try this recipient again later (4xx, connection lost before the final dot)
        ├── Refused             never try this message again for this recipient (5xx)
        ├── Uncertain           the connection was lost after the final dot: it may have arrived
        └── SenderRefused       the server refuses *us* (absent, login, sender): stop the batch

At the top only these and OSError become sentences: any other exception is a bug and stays loud.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class DigestError(Exception):
    """One sentence that says what is wrong and what to do; never holds a secret."""

    exit_status = 1


class UsageError(DigestError):
    """The command was asked for something that does not exist."""

    exit_status = 2


class AlreadyRunning(DigestError):
    """Another `digest run` is at work on the same database."""

    exit_status = 2


def with_hint(message: str, hint: str) -> str:
    """What is wrong and what to do instead, as one line."""
    if not hint:
        return message
    if message.endswith((".", ";", ":", "?", "!")) or hint.startswith("("):
        return f"{message} {hint}"
    return f"{message}{'.' if hint[0].isupper() else ';'} {hint}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file; `line` and `column` count from 1, 0 means unknown."""

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        text = f"{place}: {self.message}" if place else self.message
        return with_hint(text, self.hint)


class ConfigError(DigestError):
    """Settings, profiles, keywords or templates are wrong; `problems` names each with its place."""

    exit_status = 2

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class KeywordError(DigestError):
    """One keyword cannot be read; `column` (from 1) is where in it, `hint` what to write instead."""

    exit_status = 2

    def __init__(self, message: str, column: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.hint = hint


class SourceError(DigestError):
    """A source could not be read; the others go on."""


class FetchError(SourceError):
    """No usable answer: time out, connection refused, an error status, or too many bytes."""


class NotBefore(FetchError):
    """The source asked us to stay away until `until` (Retry-After, RFC 9110 section 10.2.3)."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class Gone(FetchError):
    """The source answered 410: it wants never to be asked again (RFC 9110 section 15.5.11)."""


class FeedError(SourceError):
    """An answer came, but it is not a feed, or not the list that the source promises."""


class StoreError(DigestError):
    """The database cannot be used; the sentence says why and what to do."""


class StoreOutdated(StoreError):
    """The database was made by an older version and must be upgraded first."""

    exit_status = 2


class StoreTooNew(StoreError):
    """The database was made by a newer version, or by another program."""

    exit_status = 2


class StoreUnavailable(StoreError):
    """The database is locked, full, read-only or damaged."""


class OutputError(DigestError):
    """A file or folder cannot be read or written."""


class DeliveryError(DigestError):
    """A message did not leave; `reply` is the server's own words, as one line."""

    def __init__(self, message: str, reply: str = "") -> None:
        super().__init__(message)
        self.reply = reply or message


class Deferred(DeliveryError):
    """Try this recipient again later: a 4xx reply, or the connection was lost before the final dot."""


class Refused(DeliveryError):
    """Never try this message again for this recipient: a 5xx reply."""


class Uncertain(DeliveryError):
    """The connection was lost after the final dot and before the reply (RFC 1047): it may have arrived."""


class SenderRefused(DeliveryError):
    """The server refuses us, not the recipient (absent, TLS, login, sender): the batch stops, rows stay queued."""
