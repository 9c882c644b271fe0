from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from digest.errors import FetchError
from digest.models import Memory
from digest.sources.reading import Reading
from digest.sources.state import judge


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def part(
    name: str = "cs.LG",
    *,
    last_new: str = "",
    entries: int = 50,
    listed: str = "",
    error: str = "",
    held: str = "",
    failures: int = 0,
    gone: bool = False,
) -> Reading:
    memory = Memory(
        source="s",
        part=name,
        entries=entries,
        last_new_at=at(last_new) if last_new else None,
        announced_on=date.fromisoformat(listed) if listed else None,
        failures=failures,
        gone=gone,
    )
    return Reading(memory=memory, held=held, error=FetchError(error) if error else None)


MONDAY, TUESDAY, SATURDAY = "2026-11-23T09:00", "2026-11-24T09:00", "2026-11-21T09:00"


@pytest.mark.parametrize(
    ("reading", "new", "now", "verdict"),
    [
        (part(listed="2026-11-23"), 52, MONDAY, ("fresh", "52 new papers, list of 23 November")),
        (part(), 1, MONDAY, ("fresh", "1 new paper")),
        (part(last_new="2026-11-23T06:00", listed="2026-11-23"), 0, MONDAY, ("fresh", "up to date, list of 23 November")),
        (part(last_new="2026-11-20T06:00"), 0, MONDAY, ("waiting", "the list of 23 November is not there yet in cs.LG")),
        (part(last_new="2026-11-19T06:00", listed="2026-11-19"), 0, MONDAY, ("stale", "nothing new in cs.LG since 19 November")),
        (part(last_new="2026-11-20T06:00"), 0, TUESDAY, ("stale", "nothing new in cs.LG since 20 November")),
        (part(last_new="2025-08-12T06:00"), 0, TUESDAY, ("stale", "nothing new in cs.LG since 12 August 2025")),
        (
            part(last_new="2026-11-20T06:00"),
            0,
            SATURDAY,
            ("quiet", "arXiv lists nothing at weekends; the next list is due on Monday 23 November"),
        ),
        (part(last_new="2026-11-19T06:00"), 0, SATURDAY, ("stale", "nothing new in cs.LG since 19 November")),
        (
            part(last_new="2026-11-26T06:00"),
            0,
            "2026-11-27T09:00",
            ("quiet", "arXiv holiday; the next list is due on Monday 30 November"),
        ),
        (part(last_new="2026-11-19T06:00", entries=0), 0, "2026-11-20T09:00", ("waiting", "the list of 20 November is not there yet in cs.LG")),
        (part(last_new="2026-11-19T06:00", entries=0), 0, SATURDAY, ("quiet", "nothing was listed in cs.LG on Friday 20 November")),
        (part(last_new="2026-11-10T06:00", entries=0), 0, SATURDAY, ("stale", "nothing new in cs.LG since 10 November")),
        (part(entries=0), 0, MONDAY, ("waiting", "the list of 23 November is not there yet in cs.LG")),
        (part(entries=0), 0, SATURDAY, ("quiet", "arXiv lists nothing at weekends; the next list is due on Monday 23 November")),
        (part(error="a.org answered 500"), 3, MONDAY, ("failing", "cs.LG: a.org answered 500; 3 new papers came all the same")),
        (part(gone=True, held="the source answered 410 (gone)"), 0, MONDAY, ("failing", "cs.LG: the source answered 410 (gone)")),
        (part(held="asked to wait until 14:05 UTC", failures=1), 0, MONDAY, ("failing", "cs.LG: asked to wait until 14:05 UTC")),
        (
            part(held="asked to wait until 14:05 UTC", last_new="2026-11-23T06:00", listed="2026-11-23"),
            0,
            MONDAY,
            ("fresh", "up to date, list of 23 November"),
        ),
    ],
)  # fmt: skip
def test_the_state_of_one_arxiv_category(reading: Reading, new: int, now: str, verdict: tuple[str, str]) -> None:
    assert judge("arxiv", [reading], {reading.memory.part: new}, at(now)) == verdict


def test_a_list_is_due_from_midnight_in_new_york_on() -> None:
    reading = part(last_new="2026-11-23T06:00", listed="2026-11-23")
    assert judge("arxiv", [reading], {}, at("2026-11-24T04:59"))[0] == "fresh"
    assert judge("arxiv", [reading], {}, at("2026-11-24T05:00"))[0] == "waiting"


@pytest.mark.parametrize(
    ("last_new", "now", "verdict"),
    [
        ("2026-11-23T01:00", MONDAY, ("fresh", "up to date, list of 23 November")),
        ("2026-11-20T22:00", MONDAY, ("waiting", "the list of 23 November is not there yet")),
        ("2026-11-20T22:00", TUESDAY, ("stale", "nothing new since 20 November")),
        ("2026-11-20T22:00", SATURDAY, ("quiet", "Hugging Face lists nothing at weekends")),
        ("2026-11-19T22:00", SATURDAY, ("stale", "nothing new since 19 November")),
    ],
)
def test_the_state_of_hugging_face(last_new: str, now: str, verdict: tuple[str, str]) -> None:
    assert judge("huggingface", [part("", last_new=last_new)], {}, at(now)) == verdict


@pytest.mark.parametrize(
    ("reading", "new", "verdict"),
    [
        (part("", last_new="2026-11-23T01:00"), 4, ("fresh", "4 new papers")),
        (part("", entries=0), 0, ("quiet", "no papers yet")),
        (part("", last_new="2026-11-22T10:00"), 0, ("fresh", "last new paper on 22 November")),
        (part("", last_new="2026-11-02T10:00"), 0, ("quiet", "last new paper on 2 November")),
        (part("", last_new="2026-10-02T10:00"), 0, ("stale", "nothing new since 2 October")),
        (part("", error="a.org refused the connection"), 0, ("failing", "a.org refused the connection")),
    ],
)
def test_the_state_of_a_feed(reading: Reading, new: int, verdict: tuple[str, str]) -> None:
    assert judge("feed", [reading], {"": new}, at(MONDAY)) == verdict


def test_the_worst_part_decides_and_is_named() -> None:
    fresh = part("cs.LG", listed="2026-11-24")
    stale = part("cs.AI", last_new="2026-11-20T06:00")
    waiting = part("cs.CL", last_new="2026-11-23T06:00")
    failing = part("cs.CV", error="a.org answered 500")
    new = {"cs.LG": 52}
    assert judge("arxiv", [fresh, stale], new, at(TUESDAY)) == (
        "stale",
        "nothing new in cs.AI since 20 November; 52 new papers came all the same",
    )
    assert judge("arxiv", [fresh, stale, waiting, failing], new, at(TUESDAY))[0] == "failing"
    assert judge("arxiv", [fresh, waiting], {}, at(TUESDAY))[0] == "waiting"


def test_parts_in_the_same_state_share_a_sentence() -> None:
    parts = [part(name, last_new="2026-11-23T06:00") for name in ("cs.AI", "cs.CL", "cs.CV")]
    assert judge("arxiv", parts, {}, at(TUESDAY))[1] == "the list of 24 November is not there yet"
    fresh = part("cs.LG", listed="2026-11-24")
    assert judge("arxiv", [*parts, fresh], {"cs.LG": 1}, at(TUESDAY))[1] == (
        "the list of 24 November is not there yet in cs.AI, cs.CL and cs.CV; 1 new paper came all the same"
    )


def test_one_quiet_part_does_not_hide_new_papers_of_another() -> None:
    quiet = part("cs.AI", last_new="2026-11-20T06:00")
    late = part("cs.LG", listed="2026-11-20")
    assert judge("arxiv", [quiet, late], {"cs.LG": 7}, at(SATURDAY)) == ("fresh", "7 new papers, list of 20 November")


def test_a_source_without_parts_and_a_very_old_memory_do_no_harm() -> None:
    assert judge("arxiv", [], {}, at(MONDAY)) == ("quiet", "nothing to read")
    ancient = part("", last_new="1999-01-01T00:00")
    ahead = replace(ancient, memory=replace(ancient.memory, last_new_at=at("2030-01-01T00:00")))
    for kind in ("arxiv", "huggingface", "feed"):
        assert judge(kind, [ancient], {}, at(MONDAY))[0] == "stale"
        assert judge(kind, [ahead], {}, at(MONDAY))[0] == "fresh"
