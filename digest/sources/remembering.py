"""What is remembered of a part of a source after a try. Pure: memory and outcome in, memory out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from digest.errors import Gone, NotBefore, SourceError
from digest.models import Listing, Memory
from digest.sources.answer import Answer, Validators
from digest.sources.identity import paper_id


def remembered(memories: Mapping[str, Memory], source: str, part: str, url: str) -> Memory:
    """The memory of one part, empty when there is none or when the configured address is another one now."""
    memory = memories.get(part)
    if memory is None or memory.configured_url != url:
        return Memory(source=source, part=part, configured_url=url)
    return memory


def held(memory: Memory, now: datetime) -> str:
    """Why this part is not asked at all now; "" when it may be."""
    if memory.gone:
        when = f" on {memory.checked_at.day} {memory.checked_at:%B %Y}" if memory.checked_at else ""
        return f"the source answered 410 (gone){when}; remove it, or give it another url"
    until = memory.not_before_at
    if until is None or until <= now:
        return ""
    day = "" if until.date() == now.astimezone(until.tzinfo).date() else f" on {until.day} {until:%B}"
    return f"asked to wait until {until:%H:%M} UTC{day}"


def address(memory: Memory) -> str:
    """Where to ask: the address a permanent redirect named, else the configured one."""
    return memory.moved_to or memory.configured_url


def validators(memory: Memory) -> Validators:
    """What makes the next request conditional."""
    return Validators(memory.validators_url, memory.etag, memory.last_modified)


def after_answer(memory: Memory, answer: Answer, entries: int, now: datetime, longest: timedelta) -> Memory:
    """A document was read: its validators replace the old ones, its freshness (at most `longest`) is respected."""
    kept = replace(
        memory,
        not_before_at=now + min(answer.max_age, longest) if answer.max_age else None,
        checked_at=now,
        last_ok_at=now,
        failures=0,
    )
    if answer.not_modified:
        return replace(
            kept, etag=answer.etag or memory.etag, last_modified=answer.last_modified or memory.last_modified
        )
    return replace(
        kept,
        etag=answer.etag,
        last_modified=answer.last_modified,
        validators_url=answer.url if answer.etag or answer.last_modified else "",
        moved_to=answer.moved_to or memory.moved_to,
        entries=entries,
    )


def with_news(memory: Memory, listings: Iterable[Listing], now: datetime) -> Memory:
    """Notes the moment when this part lists other papers than before, known from elsewhere or not; an empty list is none."""
    ids = sorted({paper_id(one) for one in listings})
    if not ids:
        return memory
    seen = hashlib.sha256("\n".join(ids).encode("utf-8", "replace")).hexdigest()[:16]
    return memory if seen == memory.seen else replace(memory, seen=seen, last_new_at=now)


def after_error(memory: Memory, error: SourceError, now: datetime) -> Memory:
    """A try failed. A moved address that fails is dropped, so that the configured one is asked next.

    Gone for good is only the configured address, and only by its own word.
    """
    waiting = isinstance(error, NotBefore)
    return replace(
        memory,
        gone=isinstance(error, Gone) and not memory.moved_to,
        not_before_at=error.until if isinstance(error, NotBefore) else None,
        moved_to=memory.moved_to if waiting else "",
        checked_at=now,
        failures=memory.failures + 1,
    )


def without_validators(memory: Memory) -> Memory:
    """Asks for the whole document next time, because this one was not used to the end."""
    return replace(memory, etag="", last_modified="", validators_url="")
