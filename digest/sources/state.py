"""The state of a source, in a word and a sentence. Pure.

What decides is content, not dates in the feed and not that a request succeeded: when a part last listed other papers
than before (whether another source had them or not), against the lists that should have come since. arXiv has served
yesterday's list under today's date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from digest.models import SourceState
from digest.sources import arxiv_calendar, arxiv_hold
from digest.sources.reading import Reading

GRAVITY: Sequence[SourceState] = ("failing", "stale", "waiting", "fresh", "quiet")
"""The state of a source is that of its worst part; one quiet part does not hide the papers of another."""
EMPTY_LISTS = 5  # so many announced lists in a row without a paper are no coincidence any more
FRESH_FOR = timedelta(hours=24)  # of feeds, which promise no rhythm
STALE_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When lists of a kind of source appear."""

    today: Callable[[datetime], date]
    due: Callable[[datetime, datetime], tuple[date, ...]]
    """The lists that should have come after the first moment, up to the second."""
    quiet: Callable[[datetime], str | None]
    """Why no list is due today, if none is."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """One part. `{where}` in the text becomes " in cs.AI", `{which}` becomes "cs.AI: ", where parts have names."""

    part: str
    state: SourceState
    text: str


def judge(
    kind: str, readings: Sequence[Reading], new_by_part: Mapping[str, int], now: datetime
) -> tuple[SourceState, str]:
    """The state of a source and why, as a fragment of a sentence for people; `new_by_part` counts unseen papers."""
    readings = [one for one in readings if (kind, one.memory.part) != ("arxiv", arxiv_hold.PART)]
    new = {one.memory.part: new_by_part.get(one.memory.part, 0) for one in readings}
    verdicts = [_verdict(kind, one, new[one.memory.part], now) for one in readings]
    if not verdicts:
        return "quiet", "nothing to read"
    state = min((one.state for one in verdicts), key=GRAVITY.index)
    worst = [one for one in verdicts if one.state == state]
    if state == "fresh" and any(new.values()):
        return state, _fresh(readings, sum(new.values()), now)
    reasons = {one.text: [other.part for other in worst if other.text == one.text] for one in worst}
    reason = "; ".join(_named(text, parts, len(verdicts)) for text, parts in reasons.items())
    if state != "fresh" and (count := sum(new.values())):
        reason += f"; {_papers(count)} came all the same"
    return state, reason


def _verdict(kind: str, reading: Reading, new: int, now: datetime) -> _Verdict:
    part = reading.memory.part
    if reading.error:
        return _Verdict(part, "failing", f"{{which}}{reading.error}")
    if reading.memory.gone or (reading.held and reading.memory.failures):
        return _Verdict(part, "failing", f"{{which}}{reading.held or 'the source is gone'}")
    if new:
        return _Verdict(part, "fresh", _papers(new))
    rhythm = RHYTHMS.get(kind)
    state, text = _by_rhythm(rhythm, reading, now) if rhythm else _by_age(reading, now)
    return _Verdict(part, state, text)


def _by_rhythm(rhythm: Rhythm, reading: Reading, now: datetime) -> tuple[SourceState, str]:
    """A part with lists on known days, and nothing that the store had not."""
    memory, today = reading.memory, rhythm.today(now)
    quiet = rhythm.quiet(now)
    if memory.last_new_at is None:
        return ("quiet", quiet) if quiet else ("waiting", f"the list of {_day(today, now)} is not there yet{{where}}")
    due = rhythm.due(memory.last_new_at, now)
    if not due:
        return (
            ("quiet", quiet) if quiet else ("fresh", f"up to date, list of {_day(memory.announced_on or today, now)}")
        )
    if due == (today,) or (due[-1] == today and not memory.entries and len(due) < EMPTY_LISTS):
        return "waiting", f"the list of {_day(today, now)} is not there yet{{where}}"
    if not memory.entries and len(due) < EMPTY_LISTS:
        return "quiet", f"nothing was listed{{where}} on {due[-1]:%A} {_day(due[-1], now)}"
    since = memory.last_new_at.astimezone(UTC).date()
    return "stale", f"nothing new{{where}} since {_day(min(since, memory.announced_on or since), now)}"


def _by_age(reading: Reading, now: datetime) -> tuple[SourceState, str]:
    """A feed without a rhythm, and nothing that the store had not."""
    last = reading.memory.last_new_at
    if last is None:
        return "quiet", "no papers yet"
    on = _day(last.astimezone(UTC).date(), now)
    if now - last <= FRESH_FOR:
        return "fresh", f"last new paper on {on}"
    return ("stale", f"nothing new since {on}") if now - last > STALE_AFTER else ("quiet", f"last new paper on {on}")


def _fresh(readings: Sequence[Reading], count: int, now: datetime) -> str:
    days = [one.memory.announced_on for one in readings if one.memory.announced_on]
    return f"{_papers(count)}, list of {_day(max(days), now)}" if days else _papers(count)


def _named(text: str, parts: Sequence[str], of: int) -> str:
    """The sentence with the parts it holds for, unless it holds for all of several."""
    named = [part for part in parts if part]
    if len(named) == of and of > 1:
        named = []
    names = " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    return text.replace("{where}", f" in {names}" if names else "").replace("{which}", f"{names}: " if names else "")


def _papers(count: int) -> str:
    return "1 new paper" if count == 1 else f"{count} new papers"


def _day(day: date, now: datetime) -> str:
    return f"{day.day} {day:%B}" + (f" {day.year}" if day.year != now.year else "")


def _arxiv_due(after: datetime, now: datetime) -> tuple[date, ...]:
    first = max(arxiv_calendar.today(after), arxiv_calendar.today(now) - timedelta(days=60)) - timedelta(days=1)
    days = arxiv_calendar.announcement_days(first, arxiv_calendar.today(now) + timedelta(days=1))
    return tuple(day for day in days if after < arxiv_calendar.appears_at(day) <= now)


def _utc_day(now: datetime) -> date:
    return now.astimezone(UTC).date()


def _huggingface_due(after: datetime, now: datetime) -> tuple[date, ...]:
    """Weekdays by UTC; the list of a day begins to fill with the day."""
    days = [_utc_day(now) - timedelta(days=back) for back in range(60, -1, -1)]
    return tuple(day for day in days if day.weekday() < 5 and day > _utc_day(after))


def _huggingface_quiet(now: datetime) -> str | None:
    return "Hugging Face lists nothing at weekends" if _utc_day(now).weekday() > 4 else None


RHYTHMS: Mapping[str, Rhythm] = {
    "arxiv": Rhythm(arxiv_calendar.today, _arxiv_due, arxiv_calendar.quiet_reason),
    "huggingface": Rhythm(_utc_day, _huggingface_due, _huggingface_quiet),
}
"""Kinds that promise a list on known days; all others are judged by age alone."""
