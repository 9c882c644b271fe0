"""store → match: how common words are in the stored papers, kept up to date, and the recent papers that teach what goes
with a keyword.

Papers are counted as they were first seen (see store/terms). Whoever may write keeps the counts up to date; whoever may
not, as a dry run, adds what is missing in memory.
"""

from __future__ import annotations

from dataclasses import replace

from digest import match
from digest.models import CorpusStatistics
from digest.store import Store

RECENT = 10_000
"""Papers that say which words go with a keyword: the newest so many."""

_AT_A_TIME = 2000
_LONGEST = 64
"""Letters of a term that is counted; longer ones are no words, and every paper has other ones."""


async def catch_up(store: Store, at_a_time: int = _AT_A_TIME) -> None:
    """Count the papers that are not counted yet; each is counted once, however many processes do this at a time."""
    after = await store.terms.upto()
    while papers := await store.papers.following(after, at_a_time):
        upto = papers[-1].seq
        counted = await store.terms.add(_bounded(match.statistics(papers)), after, upto)
        after = upto if counted else await store.terms.upto()


async def history(store: Store, upto: int, *, texts: bool) -> match.History:
    """What all stored papers teach, and with `texts` the newest papers up to `upto` themselves; nothing is written."""
    known, after = await store.terms.statistics()
    while papers := await store.papers.following(after, _AT_A_TIME):
        known = _bounded(match.statistics(papers, known))
        after = papers[-1].seq
    taught = match.History(known)
    recent = await store.papers.history(upto, RECENT) if texts else []
    if recent:
        taught.learn(recent[::-1], counted=True)
    return taught


def _bounded(counts: CorpusStatistics) -> CorpusStatistics:
    kept = {term: documents for term, documents in counts.frequencies.items() if len(term) <= _LONGEST}
    return replace(counts, frequencies=kept)
