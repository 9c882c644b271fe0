"""Composing digests: render and MIME, against the usual way, which renders, inlines and folds each message anew.

Both ways get the same `Digest`s (matching is not counted) and write the same words: the bench decodes some messages of
both and compares. Run as a program, `python -m bench.composing --grow SUBSCRIBERS`, it is one process of the growth.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from datetime import time as clock
from itertools import chain
from pathlib import Path
from statistics import median

from bench import population, usage, usual_mail
from bench.days import all_days
from bench.report import Bench, Goal, Result, Sheet, each, run, times
from bench.shared import Record
from digest.cadence import EVERY_DAY, Cadence
from digest.deliver import Signer, new_key, to_bytes
from digest.links import SignedLinks, message_id, return_path, subscriber_key
from digest.match import Day, History, choose, compile_profiles
from digest.models import Digest, Match, Message, Paper, Pieced, Profile, Subscriber
from digest.render import Renderer
from digest.sources.text import from_plain

SECRET = "a secret of the bench, 32 characters"  # noqa: S105 - signs nothing but the bench
DAY = "2025-09-03"
"""A day of 445 papers."""
ISSUE = date.fromisoformat(DAY)
NOW = datetime(2025, 9, 3, 7, 30, tzinfo=UTC)
SHOWN = 14
"""Enough for about 40 kB."""
LIMIT = 92_000
_SHARD = 5_000
_PROFILES = 200
_COMPARED = 20

Compose = Callable[[Digest], bytes]


def measure(quick: bool) -> Result:
    subscribers, rounds = (300, 2) if quick else (2_000, 3)
    growth = (300, 1_000) if quick else (1_000, 10_000, 100_000)
    papers, keywords, signer = _papers(), population.vocabulary(), _signer()
    digests = list(_digests(papers, keywords, subscribers))
    apart = list(_digests(papers, keywords, subscribers, own=True))
    sample = max(100, subscribers // 10)
    ways: dict[str, tuple[Callable[[], Compose], Sequence[Digest]]] = {
        "usual, unsigned": (lambda: usual_mail.Usual(None).compose, digests[:sample]),
        "digest, unsigned": (lambda: _ours(None), digests),
        "usual, dkimpy": (lambda: usual_mail.Usual(signer).compose, digests[:sample]),
        "digest, signed": (lambda: _ours(signer), digests),
        "usual, unsigned, no two readers alike": (lambda: usual_mail.Usual(None).compose, apart[:sample]),
        "digest, unsigned, no two readers alike": (lambda: _ours(None), apart),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in each(range(rounds), "composing, rounds"):
        for name, (made, given) in ways.items():
            seconds[name].append(_timed(made(), given))
    spent = {name: median(found) * 1e6 for name, found in seconds.items()}
    names = list(ways)
    ratios = {ours: spent[usual] / spent[ours] for usual, ours in zip(names[::2], names[1::2], strict=True)}
    differences = usual_mail.differences(digests[:_COMPARED], usual_mail.Usual(None).compose, _ours(None))
    size = median(Renderer(None, LIMIT).render(digest).size for digest in digests[:200])
    grown = [_grow(count) for count in each(growth, "composing, growth")]
    return Result(
        {"microseconds": spent, "ratios": ratios, "differences": differences, "html_bytes": size, "growth": grown},
        [
            Sheet(
                f"One digest of {size / 1000:.0f} kB HTML, {subscribers:,} subscribers, a day of {len(papers)} papers",
                ("way", "µs CPU a message", "times faster than usual"),
                [(name, f"{spent[name]:,.0f}", times(ratios[name]) if name in ratios else "") for name in names],
                [
                    Goal("unsigned at least 8 × faster than the usual way", ratios["digest, unsigned"] >= 8),
                    Goal("signed at least 9 × faster than the usual way with dkimpy", ratios["digest, signed"] >= 9),
                    Goal("both ways decode to the same content", not differences),
                ],
                differences,
            ),
            Sheet(
                "How it grows, signed",
                ("subscribers", "µs CPU a message", "peak MB"),
                [(f"{one['subscribers']:,}", f"{one['microseconds']:,.0f}", f"{one['peak_mb']:.0f}") for one in grown],
                [
                    Goal(
                        "the time per digest does not rise",
                        grown[-1]["microseconds"] <= grown[0]["microseconds"] * 1.05,
                    ),
                    Goal("memory stays flat", grown[-1]["peak_mb"] <= 1.25 * grown[-2]["peak_mb"]),
                ],
            ),
        ],
    )


def _timed(compose: Compose, digests: Sequence[Digest]) -> float:
    """Seconds of CPU a message."""
    started = time.process_time()
    for digest in digests:
        compose(digest)
    return (time.process_time() - started) / len(digests)


def _ours(signer: Signer | None) -> Compose:
    renderer = Renderer(None, LIMIT)

    def compose(digest: Digest) -> bytes:
        rendered = renderer.render(digest)
        return to_bytes(message(digest, rendered.subject, rendered.text, rendered.html), signer)

    return compose


def message(digest: Digest, subject: str, text: str | Pieced, html: str | Pieced) -> Message:
    """The message around the words, as the pipeline makes it."""
    key = subscriber_key(digest.subscriber.email, SECRET)
    return Message(
        sender="Papers Digest <digest@news.example.org>",
        envelope_sender=return_path(key, "digest", ISSUE, "bounces@news.example.org", SECRET),
        recipient=digest.subscriber.email,
        recipient_name=digest.subscriber.name,
        subject=subject,
        text=text,
        html=html,
        message_id=message_id(key, ISSUE, "news.example.org", SECRET),
        sent_at=NOW,
        links=digest.links,
        list_id="Papers Digest <daily.digest.news.example.org>",
        feedback_id=f"{ISSUE}:daily:digest:paperdigest",
        unsubscribe_address=return_path(key, "unsubscribe", ISSUE, "bounces@news.example.org", SECRET),
    )


def _papers() -> list[Paper]:
    return [_paper(record, number) for number, record in enumerate(all_days()[DAY].papers, 1)]


def _paper(record: Record, number: int) -> Paper:
    name = record["id"].removeprefix("arxiv:")
    return Paper(
        seq=number,
        id=record["id"],
        title=from_plain(record["title"]),
        abstract=from_plain(record["abstract"]),
        authors=tuple(record["authors"]),
        categories=tuple(record["categories"]),
        listed_on=date.fromisoformat(record["listed"]),
        first_seen_at=NOW,
        url=f"https://arxiv.org/abs/{name}",
        pdf_url=f"https://arxiv.org/pdf/{name}",
        code_url=f"https://code.example.org/{number}" if number % 3 == 0 else "",
        upvotes=number % 97 if number % 2 else None,
        sources=("arxiv",),
    )


def _digests(
    papers: Sequence[Paper], keywords: Sequence[str], subscribers: int, *, own: bool = False
) -> Iterator[Digest]:
    """One digest a subscriber, matched a shard at a time.

    Each takes two of 200 profiles, by Zipf's law, and has two keywords of their own; or, with `own`, no profile and the
    keywords of three, so that hardly anybody gets a paper for the same reasons as somebody else.
    """
    history = History()
    day = Day(history.learn(papers), history)
    links = SignedLinks("https://digest.example.org", SECRET)
    shared = [Profile(name=name, keywords=chosen) for name, chosen in population.profiles(keywords, 0, _PROFILES)]
    weights = [1 / rank for rank in range(1, _PROFILES + 1)]
    chance = random.Random(population.SEED)
    for first in range(0, subscribers, _SHARD):
        count = min(_SHARD, subscribers - first)
        drawn = list(population.profiles(keywords, _PROFILES + 3 * first, _PROFILES + 3 * (first + count)))
        threes = [drawn[at : at + 3] for at in range(0, len(drawn), 3)]
        several = [tuple(dict.fromkeys(chain(*(chosen for _, chosen in three)))) for three in threes]
        mine = [
            Profile(name=three[0][0], keywords=chosen if own else chosen[:2])
            for three, chosen in zip(threes, several, strict=True)
        ]
        rankings = compile_profiles([*shared, *mine]).match(day, min_score=0)
        for profile in mine:
            taken = () if own else tuple(dict.fromkeys(one.name for one in chance.choices(shared, weights, k=2)))
            matches, listed = choose([rankings[name] for name in (*taken, profile.name)], SHOWN)
            yield _digest(profile, taken, matches, listed, len(papers), links)


def _digest(
    mine: Profile, taken: tuple[str, ...], matches: Sequence[Match], listed: int, considered: int, links: SignedLinks
) -> Digest:
    email = f"{mine.name}@example.net"
    cadence = Cadence(EVERY_DAY, clock(7, 30), "UTC")
    return Digest(
        subscriber=Subscriber(
            email=email, cadence=cadence, name="Ada Lovelace", profiles=taken, keywords=mine.keywords
        ),
        issue=ISSUE,
        papers=tuple(replace(one, profile="") if one.profile == mine.name else one for one in matches),
        considered=considered,
        listed=listed,
        links=links.for_issue(subscriber_key(email, SECRET), ISSUE),
        site_name="Papers Digest",
        postal_address="Papers Digest\n1 Example Street, Example Town",
    )


def _signer() -> Signer:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "dkim.pem"
        file.write_bytes(new_key())
        return Signer.load("news.example.org", "digest", file)


def _grow(subscribers: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output.json"
        used = usage.measure([sys.executable, "-m", "bench.composing", "--grow", str(subscribers)], output, 900)
        if used.failure:
            raise RuntimeError(used.failure)
        return dict(json.loads(output.read_bytes()))


def _grown(subscribers: int) -> dict[str, float]:
    """Time and memory of composing alone: digests are made shard by shard and forgotten."""
    compose = _ours(_signer())
    seconds = 0.0
    for digest in _digests(_papers(), population.vocabulary(), subscribers):
        started = time.process_time()
        compose(digest)
        seconds += time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"subscribers": subscribers, "microseconds": seconds / subscribers * 1e6, "peak_mb": peak}


BENCH = Bench("composing", "Composing digests against the usual way.", measure)

if __name__ == "__main__":
    if sys.argv[1:2] == ["--grow"]:
        sys.stdout.write(json.dumps(_grown(int(sys.argv[2]))))
    else:
        sys.exit(run(BENCH))
