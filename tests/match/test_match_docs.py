"""The language as docs/keywords.md tells it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from digest.match import check_keyword, compile_profiles, statistics
from digest.models import Paper, Profile

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "keywords.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.partition("## What you can write")[2].partition("Good to know")[0].splitlines()
    if line.startswith("| `")
]
# Rows about a field other than the text tell their example in words.
TEXT_ROWS = [row for row in ROWS if not re.match(r"`(author|category|source|abstract|\\)", row[0])]


def found(keyword: str, words: str) -> bool:
    paper = Paper(
        seq=1,
        id="arxiv:1",
        title=words,
        abstract="",
        authors=(),
        categories=(),
        listed_on=date(2026, 11, 23),
        first_seen_at=datetime(2026, 11, 23, tzinfo=UTC),
        url="https://x.test/",
    )
    return bool(
        compile_profiles([Profile(name="p", keywords=(keyword,))]).match([paper], statistics([paper]))["p"].matches
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_keyword_of_the_page_can_be_read(row: list[str]) -> None:
    for keyword in re.findall(r"`([^`]+)`", row[0]):
        if not re.fullmatch(r"\\.|au:…", keyword):
            check_keyword(keyword)


@pytest.mark.parametrize("row", TEXT_ROWS, ids=lambda row: row[0])
def test_every_example_of_the_page_is_found_or_not_as_it_says(row: list[str]) -> None:
    keywords = re.findall(r"`([^`]+)`", row[0])
    for example in re.findall(r"\*([^*]+)\*", row[1]):
        assert any(found(keyword, example) for keyword in keywords), example
    for example in re.findall(r"\*([^*]+)\*", row[2]):
        if "only" not in row[2] and "sentence" not in row[2]:
            assert not any(found(keyword, example) for keyword in keywords if keyword != "F#"), example
