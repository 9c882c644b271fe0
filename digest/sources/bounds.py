"""What every listing keeps to, whatever kind of source it came from: the last step before the door. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from digest.models import Listing
from digest.sources.text import clean, shortened
from digest.sources.urls import web_url

TITLE = 500  # characters, like all lengths here
ABSTRACT = 10_000
NAME = 200
AUTHORS = 3000
CATEGORY = 100
CATEGORIES = 50
DOI = 200
ARXIV_ID = 40
MOST_VOTES = 10_000_000
_LATEST_VERSION = 10_000


def bounded(listing: Listing, now: datetime) -> Listing | None:
    """The listing with clean strings of bounded length and numbers in their range; None without title or address.

    Titles, abstracts and names are cut; categories, identifiers and addresses that are too long are dropped, because a
    part of them means something else. A list day after tomorrow (UTC) counts as tomorrow.
    """
    title, url = shortened(clean(listing.title[: 4 * TITLE]), TITLE), web_url(listing.url)
    if not title or not url:
        return None
    return replace(
        listing,
        title=title,
        url=url,
        abstract=shortened(clean(listing.abstract[: 4 * ABSTRACT]), ABSTRACT),
        authors=tuple(_names(listing.authors[:AUTHORS])),
        categories=tuple(dict.fromkeys(_whole(one, CATEGORY) for one in listing.categories if _whole(one, CATEGORY)))[
            :CATEGORIES
        ],
        listed_on=_until_tomorrow(listing.listed_on, now),
        arxiv_id=_identifier(listing.arxiv_id, ARXIV_ID),
        version=_within(listing.version, _LATEST_VERSION),
        doi=_identifier(listing.doi, DOI),
        pdf_url=web_url(listing.pdf_url),
        code_url=web_url(listing.code_url),
        project_url=web_url(listing.project_url),
        upvotes=_within(listing.upvotes, MOST_VOTES),
        comments=_within(listing.comments, MOST_VOTES),
    )


def no_later_than_tomorrow(day: date, now: datetime) -> date:
    """`day`, at most one day after the day by UTC: a source's clock may be ahead, but not by more."""
    return min(day, now.astimezone(UTC).date() + timedelta(days=1))


def _until_tomorrow(day: date | None, now: datetime) -> date | None:
    return no_later_than_tomorrow(day, now) if day else None


def _names(names: Iterable[str]) -> Iterable[str]:
    cleaned = (shortened(clean(name[: 4 * NAME]), NAME) for name in names)
    return (name for name in cleaned if name)


def _whole(text: str, longest: int) -> str:
    return clean(text) if len(text) <= longest else ""


def _identifier(text: str, longest: int) -> str:
    """An identifier as it is, or nothing: cleaning would make it another one."""
    sound = len(text) <= longest and text == clean(text) and " " not in text
    return text if sound else ""


def _within(number: int | None, most: int) -> int | None:
    return number if number is not None and 0 <= number <= most else None
