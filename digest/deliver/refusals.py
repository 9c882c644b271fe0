"""What kind of answer a mail server gave about one reader: pure, the whole table can be tested.

The address is dead, the mailbox is full, the server is busy, or we are not wanted: only the first is a reason to never
write to that reader again. Nothing here decides what to do (see watch and settlement).
"""

from __future__ import annotations

import re

_CODE = re.compile(r"([2-5][0-9]{2})[ -]?")
_STATUS = re.compile(r"[2-5][0-9]{2}[ -]([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
"""Bad mailbox, domain or syntax, moved, null MX (RFC 3463, RFC 7505)."""
_VAGUE = frozenset({"", "5.0.0", "5.5.0"})
_DEAD_WORDS = re.compile(
    r"(user|recipient|mailbox|account|address)( is)? (unknown|not found|does( not|n't) exist)"
    r"|(unknown|no such|invalid|nonexist[ae]nt) (local )?(user|recipient|mailbox|account|address)"
    r"|no mailbox here by that name|recipient not found",
    re.IGNORECASE,
)
_BLOCK_WORDS = re.compile(
    r"\b(spam|block(ed|list)?|black-?list(ed)?|listed|reputation|policy|polic(y|ies)|prohibited|denied|relay(ing)?|spf|dkim|dmarc"
    r"|authenticat\w*|not (allowed|permitted|authori[sz]ed)|rbl|dnsbl|spamhaus|abuse|sender)\b",
    re.IGNORECASE,
)
_GREYLIST = re.compile(r"gr[ae]y-?list", re.IGNORECASE)
_BUSY = frozenset({"421", "450", "451", "452", "454"})


def code(reply: str) -> str:
    """The three digits; empty for words of our own."""
    found = _CODE.match(reply)
    return found[1] if found else ""


def status(reply: str) -> str:
    """The enhanced status code (RFC 3463); empty without one."""
    found = _STATUS.match(reply)
    return found[1] if found else ""


def dead_address(reply: str) -> str:
    """Why the address should never be mailed again; empty unless the server clearly says that it does not exist."""
    if code(reply) not in {"550", "551", "553"}:
        return ""
    if status(reply) in _DEAD:
        return "" if _BLOCK_WORDS.search(reply) and not _DEAD_WORDS.search(reply) else "the address does not exist"
    vague = status(reply) in _VAGUE and not _BLOCK_WORDS.search(reply)
    return "the address does not exist" if vague and _DEAD_WORDS.search(reply) else ""


def is_block(reply: str) -> bool:
    """Whether a final refusal is about who we are or what we send, and not about the reader."""
    if status(reply) not in _VAGUE:
        return status(reply).startswith("5.7.")
    return code(reply).startswith("5") and bool(_BLOCK_WORDS.search(reply))


def is_busy(reply: str) -> bool:
    """Whether "not now" means "not so fast": not a full mailbox, and not the greeting of who sees us for the first time."""
    about_one = status(reply).startswith(("4.1.", "4.2."))
    return code(reply) in _BUSY and not about_one and not _GREYLIST.search(reply)


def way(reply: str) -> str:
    """What two refusals have in common that were made for the same reason."""
    return f"{code(reply)} {status(reply)}".strip() or reply[:20]
