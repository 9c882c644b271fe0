"""The delivery room: a message becomes bytes, and the bytes reach the mail server or a folder.

It knows SMTP, files and when to try again. It does not choose papers, render text or keep the outbox:
rows come through the `Outbox` seam in drain, and how a row becomes a message is told to it as a function.
"""

from digest.deliver.backoff import next_attempt
from digest.deliver.dkim import Signer, new_key
from digest.deliver.drain import Connection, Drained, Halt, Outbox, Parcel, Skip, drain
from digest.deliver.folder import Files, write
from digest.deliver.headers import wire_address
from digest.deliver.mime import needs_smtputf8, to_bytes
from digest.deliver.smtp import SmtpConnection
from digest.deliver.watch import Dead

__all__ = [
    "Connection",
    "Dead",
    "Drained",
    "Files",
    "Halt",
    "Outbox",
    "Parcel",
    "Signer",
    "Skip",
    "SmtpConnection",
    "drain",
    "needs_smtputf8",
    "new_key",
    "next_attempt",
    "to_bytes",
    "wire_address",
    "write",
]
