from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from digest.models import Listing
from digest.sources.bounds import bounded
from digest.sources.urls import web_url

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
PAPER = Listing(source="s", title="A title", url="https://a.org/1")


def kept(**changes: object) -> Listing:
    listing = bounded(replace(PAPER, **changes), NOW)  # type: ignore[arg-type]
    assert listing
    return listing


def test_an_ordinary_listing_passes_unchanged() -> None:
    listing = replace(
        PAPER,
        abstract="Text: über 2 < 3.",
        authors=("Ada Lovelace",),
        categories=("cs.LG",),
        listed_on=date(2026, 11, 23),
        arxiv_id="hep-th/9901001",
        version=2,
        doi="10.1101/2026.01.01.123456",
        code_url="https://github.com/a/b",
        upvotes=3,
        comments=0,
    )
    assert bounded(listing, NOW) == listing


def test_everything_long_is_cut_or_dropped() -> None:
    one = kept(
        title="word " * 2_000_000,
        abstract="word " * 2_000_000,
        authors=("N" * 300,) * 5000,
        categories=("c" * 101, *(f"c{number}" for number in range(90))),
        pdf_url="https://a.org/" + "x" * 2000,
        doi="10.1/" + "x" * 200,
        arxiv_id="1" * 41,
    )
    assert (len(one.title) <= 500, len(one.abstract) <= 10_000) == (True, True)
    assert (len(one.authors), len(one.authors[0])) == (3000, 200)
    assert one.categories == tuple(f"c{number}" for number in range(50))
    assert (one.pdf_url, one.doi, one.arxiv_id) == ("", "", "")


@pytest.mark.parametrize("bad", ["\ud800", "\x00", "\x1b", "\x85", "\x9b", "\u202e", "\u2066", "\ufffe", "\U0001ffff"])
def test_no_string_keeps_characters_that_do_harm(bad: str) -> None:
    one = kept(
        title=f"a{bad}b",
        abstract=f"a{bad}b",
        authors=(f"a{bad}b",),
        categories=(f"a{bad}b",),
        doi=f"10.1/{bad}",
        code_url=f"https://a.org/{bad}x",
    )
    for text in (one.title, one.abstract, *one.authors, *one.categories):
        assert bad not in text
        assert text.encode()
    assert (one.doi, one.code_url) == ("", "")
    assert web_url(f"https://a.org/{bad}x") == ""
    assert bounded(replace(PAPER, url=f"https://a.org/{bad}x"), NOW) is None
    assert bounded(replace(PAPER, title=bad), NOW) is None


def test_numbers_and_days_stay_in_their_range() -> None:
    one = kept(upvotes=10**12, comments=-1, version=10**30, listed_on=date(2200, 1, 1))
    assert (one.upvotes, one.comments, one.version, one.listed_on) == (None, None, None, date(2026, 11, 24))
