"""store → match → render: one reader's window of papers becomes a digest and a message, or a reason for silence.

Papers of one window are read and matched once for everybody who shares it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from digest import match
from digest.deliver import to_bytes
from digest.links import message_id, return_path
from digest.models import Digest, Message, Paper, Profile, SourceState
from digest.pipeline.audience import Reader
from digest.pipeline.history import history
from digest.pipeline.profiles import dropping, needs_texts, profile_names, read_profiles, shown_name
from digest.pipeline.wiring import links, renderer, signer
from digest.render import Rendered
from digest.settings import Settings
from digest.store import Store

_WINDOWS = 8
"""Windows kept at a time; almost everybody shares one."""

_TELLING: tuple[SourceState, ...] = ("waiting", "stale", "failing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A digest as it will leave: what was chosen, and the message as text and as bytes."""

    digest: Digest
    message: Message
    data: bytes
    html_bytes: int


@dataclass(frozen=True, slots=True)
class Silence:
    """Why a reader gets nothing for this window."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Window:
    papers: Sequence[Paper]
    rankings: Mapping[str, match.Ranking]


class Composer:
    """Composes digests against one state of the profiles; use `Composer.ready`."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        profiles: Sequence[Profile],
        sources: Sequence[tuple[str, SourceState, str]],
    ) -> None:
        self._settings = settings
        self._store = store
        self._index = match.compile_profiles(profiles)
        self._texts = needs_texts(profiles)
        self._sources = sources
        self._renderer = renderer(settings)
        self._links = links(settings)
        self._signer = signer(settings)
        self._limits = {profile.name: profile.max_papers for profile in settings.profiles}
        self._floors = {profile.name: profile.min_score for profile in settings.profiles}
        self._windows: dict[tuple[int, int], _Window] = {}
        self._known: tuple[int, match.History] | None = None

    @classmethod
    async def ready(cls, settings: Settings, store: Store, readers: Sequence[Reader]) -> Composer:
        """Compile the profiles and the readers' own keywords; ConfigError names what cannot be read."""
        profiles = await read_profiles(settings, store, readers)
        reports = await store.sources.reports()
        known = {source.name for source in settings.sources}
        sources = [(row["name"], row["state"], row["reason"]) for row in reports if row["name"] in known]
        return cls(settings, store, profiles, sources)

    async def compose(
        self, reader: Reader, issue: date, after: int, upto: int, now: datetime, *, test: bool = False, note: str = ""
    ) -> Composed | Silence:
        """The digest of the papers with `after < seq <= upto`, or why there is none.

        `note` is one more sentence for the reader. A test is marked as one, and has a Message-ID of its own, so that no receiver takes the issue for a repeat.
        """
        window = await self._window(after, upto)
        digest = self._digest(reader, issue, window, now, note)
        if not digest.papers and not self._settings.digest.send_empty:
            return Silence(self._why_empty(reader, window))
        rendered = self._renderer.render(digest)
        message = self._message(reader, digest, rendered, now)
        if test:
            identity = message.message_id.removeprefix("<")
            message = replace(message, subject=f"[Test] {message.subject}", message_id=f"<test.{now:%H%M%S}.{identity}")
        data = to_bytes(message, self._signer)
        return Composed(digest=digest, message=message, data=data, html_bytes=rendered.size)

    async def considered(self, after: int, upto: int) -> int:
        """The number of papers in a window."""
        return len((await self._window(after, upto)).papers)

    async def _window(self, after: int, upto: int) -> _Window:
        window = self._windows.pop((after, upto), None)
        if window is None:
            papers = await self._store.papers.window(after, upto)
            known = await self._history(upto) if papers else match.History()
            day = match.Day(papers, known)
            window = _Window(papers, self._index.match(day, min_score=self._settings.digest.min_score))
        self._windows[after, upto] = window
        while len(self._windows) > _WINDOWS:
            self._windows.pop(next(iter(self._windows)))
        return window

    async def _history(self, upto: int) -> match.History:
        """What the stored papers teach up to one of them; nearly all windows end at the same one."""
        if self._known is None or self._known[0] != upto:
            self._known = (upto, await history(self._store, upto, texts=self._texts))
        return self._known[1]

    def _digest(self, reader: Reader, issue: date, window: _Window, now: datetime, note: str) -> Digest:
        subscriber, settings = reader.subscriber, self._settings
        trending = not subscriber.profiles and not subscriber.keywords
        dropped = window.rankings[dropping(reader)].papers if subscriber.exclude else ()
        without = frozenset(paper.id for paper in dropped)
        if trending:
            lists = [match.Ranking.of("", match.trending(window.papers, now.date()))]
        else:
            lists = [self._list(window, reader, profile) for profile in profile_names(reader)]
        shown, listed = match.choose(lists, settings.digest.max_papers, without)
        return Digest(
            subscriber=subscriber,
            issue=issue,
            papers=tuple(replace(one, profile=shown_name(reader, one.profile)) for one in shown),
            considered=len(window.papers),
            listed=listed,
            links=self._links.for_issue(reader.key, issue),
            site_name=settings.site.name,
            postal_address=settings.site.postal_address,
            notes=(
                *filter(None, [note]),
                *(_note(name, state) for name, state, _ in self._sources if state in _TELLING),
            ),
            trending=trending,
        )

    def _list(self, window: _Window, reader: Reader, profile: str) -> match.Ranking:
        return window.rankings[profile].cut(self._limits.get(shown_name(reader, profile)))

    def _why_empty(self, reader: Reader, window: _Window) -> str:
        if not window.papers:
            reasons = "; ".join(f"{name}: {reason}" for name, state, reason in self._sources if state != "fresh")
            return f"no new papers ({reasons})" if reasons else "no new papers"
        count = f"{len(window.papers)} paper{'s' if len(window.papers) != 1 else ''}"
        names = profile_names(reader)
        scores = [window.rankings[name].best_score for name in names]
        best = max((score for score in scores if score is not None), default=None)
        if best is None:
            return f"{count}, none with your keywords"
        floor = min(self._floor(shown_name(reader, name)) for name in names)
        return f"{count}, best score {best:.1f} below {floor:.1f}" if best < floor else f"{count}, all excluded"

    def _floor(self, profile: str) -> float:
        own = self._floors.get(profile)
        return own if own is not None else self._settings.digest.min_score

    def _message(self, reader: Reader, digest: Digest, rendered: Rendered, now: datetime) -> Message:
        settings, subscriber = self._settings, reader.subscriber
        address = settings.smtp.sender.rpartition("<")[2].rstrip(">")
        identity = message_id(reader.key, digest.issue, address.rpartition("@")[2], settings.secret_key())
        domain = identity.rpartition("@")[2].rstrip(">")  # in ASCII also where the sender's is not
        return Message(
            sender=settings.smtp.sender,
            envelope_sender=self._return_path(reader, "digest", digest.issue) or address,
            recipient=subscriber.email,
            recipient_name=subscriber.name,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            message_id=identity,
            sent_at=now,
            links=digest.links,
            list_id=f"{settings.site.name} <daily.digest.{domain}>",
            feedback_id=f"{digest.issue}:daily:digest:paperdigest",
            unsubscribe_address=self._return_path(reader, "unsubscribe", digest.issue),
        )

    def _return_path(self, reader: Reader, kind: str, issue: date) -> str:
        """The bounce mailbox, if there is one, with the reader's name in it."""
        smtp = self._settings.smtp
        if smtp.bounce_address and smtp.verp:
            named = return_path(reader.key, kind, issue, smtp.bounce_address, self._settings.secret_key())
            return "" if kind == "unsubscribe" and named == smtp.bounce_address else named
        return "" if kind == "unsubscribe" else smtp.bounce_address or ""


def _note(source: str, state: SourceState) -> str:
    said = {
        "waiting": f"{source} had not listed its newest papers yet; they will be in a later issue.",
        "stale": f"{source} has listed nothing new for a while; what it lists later will be in a later issue.",
        "failing": f"{source} could not be read; its papers will be in a later issue.",
    }
    return said[state]
