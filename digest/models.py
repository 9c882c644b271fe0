"""The words the rooms share: frozen dataclasses without behaviour beyond what their fields mean.

A paper changes its type as it walks through the rooms, so that no field is "filled in later":
`Listing` (what one source said) → `Paper` (stored, numbered) → `Match` (scored for a profile) →
`Digest` (one subscriber's issue) → `Message` (text, HTML and headers) → `Delivery` (a row of the outbox).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from digest.cadence import Cadence

SourceState = Literal["fresh", "waiting", "quiet", "stale", "failing"]
Outcome = Literal["ready", "skipped", "sent", "deferred", "failed"]
DeliveryState = Literal["queued", "sending", "sent", "skipped", "failed"]
SubscriberStatus = Literal["active", "unconfirmed", "unsubscribed", "suppressed", "removed"]


def same_address(email: str) -> str:
    """The form in which two addresses are compared: NFC and lower case, dots and +tags kept."""
    return unicodedata.normalize("NFC", email.strip()).lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What one source says about one paper. Title and abstract are clean Unicode text, never TeX or HTML."""

    source: str
    """Name of the source as configured."""
    title: str
    url: str
    """The page a reader opens (abstract page), absolute http(s)."""
    abstract: str = ""
    authors: tuple[str, ...] = ()
    """Display order, each as printed: "Ada Lovelace"."""
    categories: tuple[str, ...] = ()
    """Primary first, e.g. "cs.LG"."""
    listed_on: date | None = None
    """The day the source lists it under; None when the source does not say."""
    arxiv_id: str = ""
    """Without version or prefix: "2401.01234", "hep-th/9901001"."""
    version: int | None = None
    doi: str = ""
    """Lower case, without resolver: "10.1101/2026.01.01.123456"."""
    permalink: bool = True
    """False when `url` is shared by several entries of the feed and so identifies none of them."""
    pdf_url: str = ""
    code_url: str = ""
    project_url: str = ""
    upvotes: int | None = None
    comments: int | None = None
    authority: int = 0
    """How far the source speaks for this work: 2 arXiv for its own papers, 1 Hugging Face for arXiv's, 0 any other feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One work, whatever the number of sources it came from; `seq` grows in the order of first sight."""

    seq: int
    id: str
    """"arxiv:2401.01234", "doi:10.1101/…" or "hash:…"."""
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    listed_on: date
    first_seen_at: datetime
    url: str
    pdf_url: str = ""
    code_url: str = ""
    project_url: str = ""
    upvotes: int | None = None
    comments: int | None = None
    version: int | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Liked:
    """A paper that a profile names as an example of what is wanted."""

    title: str
    abstract: str = ""


Related = Literal["off", "rank", "list"]
"""What the words that go with a keyword do: nothing, raise papers that match, or list papers too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A named set of keywords, written in the language of docs/keywords.md."""

    name: str
    keywords: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    like: tuple[Liked, ...] = ()
    related: Related = "rank"
    min_score: float | None = None
    """None: the `[digest]` default."""
    max_papers: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """An address with profiles and/or keywords of its own, and the moment it wants its mail."""

    email: str
    cadence: Cadence
    name: str = ""
    profiles: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    """Keywords of the profiles with the weight that counts for this reader: "graph neural network^1.2"."""
    paused_until: date | None = None
    """The first local day on which mail is wanted again."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters in a paper's field: `text[start:end]`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a paper matched: one keyword in one field. The points of all reasons add up to the score."""

    keyword: str
    """As written in the profile."""
    field: str
    """"title", "abstract", "author", "category", "source", "related" or "like"."""
    points: float
    partial: bool = False
    """True for the words of a phrase that appear apart."""
    spans: tuple[Span, ...] = ()
    """Where, in the named field, for highlighting; empty when the field is not shown as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One paper for one profile: score and explanation."""

    paper: Paper
    profile: str
    score: float
    matched: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The signed pages of one subscriber's issue (see digest.links)."""

    unsubscribe: str
    preferences: str
    web_copy: str
    home: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What one subscriber's issue holds, best paper first; everything the templates need."""

    subscriber: Subscriber
    issue: date
    papers: tuple[Match, ...]
    considered: int
    """New papers in the window, matching or not."""
    listed: int
    """Papers that matched, shown or cut by max_papers."""
    links: Links
    site_name: str
    postal_address: str = ""
    notes: tuple[str, ...] = ()
    """Sentences for the reader, e.g. "arXiv had not listed its papers yet"."""
    trending: bool = False
    """True when the subscriber has no keywords and gets what others read."""


@dataclass(frozen=True, slots=True)
class Pieced:
    """A text in pieces, so that those which many texts share are worked on once; `str()` puts them together.

    Every piece but the last ends where a line ends. The second, fourth … stand in other texts too, as the same objects;
    those around them are this text's own.
    """

    pieces: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One email, ready to be written as bytes by the delivery room."""

    sender: str
    """The From mailbox: "Papers Digest <digest@news.example.org>"."""
    envelope_sender: str
    """The return path: a bare address."""
    recipient: str
    recipient_name: str
    subject: str
    text: str | Pieced
    html: str | Pieced
    message_id: str
    """With angle brackets; the same for the same (subscriber, issue)."""
    sent_at: datetime
    links: Links
    list_id: str
    """"Daily papers digest <daily.digest.example.org>"; "" for a mail to one person that is no list's."""
    feedback_id: str
    unsubscribe_address: str = ""
    """A mailbox whose address tells who writes to it; "" for the sender's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One row of the outbox: one email to one subscriber for one issue, and what became of it."""

    id: int
    subscriber_id: int
    email: str
    kind: str
    issue: date
    state: DeliveryState
    reason: str
    due_at: datetime
    after_seq: int
    """The cursor at planning time: the digest covers `after_seq < seq <= upto_seq`."""
    upto_seq: int
    attempts: int = 0
    uncertain: bool = False
    reply: str = ""
    next_attempt_at: datetime | None = None
    settled_at: datetime | None = None
    subject: str = ""
    message_id: str = ""
    papers: tuple[str, ...] = ()
    covers_from: date | None = None
    """The first day of those that this issue covers; None when it is the issue's own alone."""
    covers_why: str = ""
    """Why it covers several days, as a fragment: "no digest was sent on the days before"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What became of one try to deliver a row: its new state and what is worth remembering of it."""

    state: DeliveryState
    reason: str
    reply: str = ""
    next_attempt_at: datetime | None = None
    uncertain: bool = False
    counted: bool = True
    """False when nothing was tried: the row was put off before its message left."""
    suppress: str = ""
    """Why the address should never be mailed again; empty unless the server said that it does not exist."""
    subject: str = ""
    message_id: str = ""
    papers: tuple[str, ...] = ()
    html_bytes: int = 0
    message_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is remembered of one part of a source (arXiv: a category; else "") between two readings."""

    source: str
    part: str = ""
    etag: str = ""
    """Exactly as received, quotes and W/ included, or without any."""
    last_modified: str = ""
    """Exactly as received."""
    validators_url: str = ""
    """The address the validators belong to; they are dropped when the address changes."""
    moved_to: str = ""
    """The address a 301 or 308 named, used from then on; dropped when the configured address changes."""
    configured_url: str = ""
    gone: bool = False
    not_before_at: datetime | None = None
    checked_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_new_at: datetime | None = None
    """When this part last listed something else than before."""
    announced_on: date | None = None
    """The newest list day seen."""
    entries: int = 0
    """Entries in the last document, for "unchanged" when the next answer is 304."""
    failures: int = 0
    """In a row."""
    seen: str = ""
    """A short hash of the papers in the last document that had any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What one fetch of one source came to."""

    name: str
    state: SourceState
    reason: str
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    """Entries that could not be read."""

    def as_json(self) -> Mapping[str, object]:
        return {
            key: getattr(self, key) for key in ("name", "state", "reason", "new", "updated", "unchanged", "skipped")
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusStatistics:
    """Document frequencies of the stored history, for BM25F (Robertson & Zaragoza 2009, section 3.5)."""

    documents: int = 0
    title_length: float = 0.0
    """Mean number of tokens in a title."""
    abstract_length: float = 0.0
    frequencies: Mapping[str, int] = field(default_factory=dict)
    """Term → number of papers that hold it in title or abstract."""
