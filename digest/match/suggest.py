"""Keywords that a researcher might write, from the references in a bibliography. Pure and deterministic.

It suggests: what it gives is read, and changed, by whoever asked. Every keyword can be parsed, and the number beside it
was counted by the matcher itself.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from digest.errors import KeywordError
from digest.match.analysis import HYPHEN, Word, stem
from digest.match.candidates import LONGEST, Candidate, Candidates, Cited, Key, gather
from digest.match.index import compile_profiles
from digest.match.people import frequent_authors
from digest.match.prose import COMMON_COMPOUNDS, JOINING, Kind, adjective, kind
from digest.match.query import parse
from digest.models import CorpusStatistics, Paper, Profile

MOST = 12
FEWEST = 10
"""With fewer keywords that several references share, titles of single ones are asked, too."""
_SAMPLE = 1500  # references that phrases are taken from; every one of more is counted at the end
_POOL = 2000  # candidates that are compared with each other
_WHOLE = 0.7  # a phrase is only part of a longer one that so much of its references hold
_ABSTRACT = 0.5  # what a phrase in the abstract counts against one in the title or among the keywords
_LEAST_LIFT = 1.5  # how much more frequent than in the history
_MOST_IDF = 7.0  # rarer than in one paper of a thousand is not better: then it is one author's own word
_HISTORY = 200  # papers that what is believed about words without any history is worth
_COMMON, _RARE = 0.15, 0.003  # shares of papers that are believed to hold a generic and a telling word
_CATEGORY_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Suggested:
    """A keyword, an author or a category, and how many references it would find."""

    text: str
    references: int


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What a profile could hold, the best first."""

    keywords: tuple[Suggested, ...]
    authors: tuple[Suggested, ...] = ()
    categories: tuple[Suggested, ...] = ()


def suggest(
    references: Sequence[Cited],
    corpus: CorpusStatistics,
    most: int = MOST,
    advance: Callable[[int, int], None] = lambda _done, _all: None,
) -> Suggestions:
    """Keywords that many of the references hold and few papers of the history; `advance` is told (done, all)."""
    sample = references[:: 1 + len(references) // _SAMPLE]
    least = 1 if len(sample) < 4 else max(2, len(sample) // 100)
    found = gather(sample, least, advance)
    chosen = _choose(_Judge(found, corpus, len(sample)), least, most)
    authors = frequent_authors([one.authors for one in references])
    return Suggestions(
        _counted(chosen, references), tuple(Suggested(*pair) for pair in authors), tuple(_categories(references))
    )


class _Judge:
    """What a candidate is worth, whoever else is chosen."""

    def __init__(self, found: Candidates, corpus: CorpusStatistics, references: int) -> None:
        self.found = found
        self.references = references
        self._corpus = corpus

    def worth(self, one: Candidate) -> float:
        """How far the references stand out by it (the logarithm of its lift), times how good a keyword it makes; or 0."""
        units = _units(one)
        rarities = sorted(map(self._rarity, units), reverse=True)
        idf = min(_MOST_IDF, rarities[0] + 0.5 * sum(rarities[1:3]))
        lift = idf + math.log(one.support / (self.references + 2))
        if lift < math.log(_LEAST_LIFT):
            return 0.0
        return lift * (self._cohesion(one) if len(units) > 1 else self._alone(one))

    def _cohesion(self, one: Candidate) -> float:
        """Whether its words belong together: how often the rarest of them is seen in this company."""
        together = one.support / min(self.found.words[key] for key in one.key)
        last = one.read.words[-1]
        return math.sqrt(min(1.0, together)) * (0.5 if adjective(last) else 0.7 if kind(last) == Kind.ENDING else 1.0)

    def _alone(self, one: Candidate) -> float:
        """One word, or one compound, says less than a phrase, and most when titles hold it; an acronym is as good as one."""
        word = one.read.words[0]
        if len(one.read) > 1:
            return 0.0 if _spelling(one) in COMMON_COMPOUNDS else 0.5 if kind(word) == Kind.PROSE else 0.8
        if word.acronym:
            return 0.9
        vague = kind(word) == Kind.GENERIC or adjective(word)
        if len(one.titles | one.given) < max(1, self.references // 8 if vague else 1) and self.references > 3:
            return 0.0
        return 0.2 if vague else 0.4

    def _rarity(self, unit: Sequence[Word]) -> float:
        """The idf of a word, or of a compound in one, by the history and by what is believed without one."""
        believed = [{Kind.EMPTY: 0.9, Kind.TELLING: _RARE}.get(kind(word), _COMMON) for word in unit]
        singles = sorted(map(self._idf, (word.stem for word in unit), believed), reverse=True)
        if len(unit) == 1:
            return singles[0]
        whole = stem("".join(word.form for word in unit))
        likely = math.exp(-singles[0] - 0.5 * sum(singles[1:]))
        return self._idf(whole, 0.1 if whole in COMMON_COMPOUNDS else min(_COMMON, likely))

    def _idf(self, root: str, believed: float) -> float:
        frequency = self._corpus.frequencies.get(root, 0)
        return math.log((self._corpus.documents + _HISTORY) / (frequency + _HISTORY * believed))


def _units(one: Candidate) -> list[list[Word]]:
    """The words of a phrase, those under one hyphen together."""
    units = [[one.read.words[0]]]
    for gap, word in zip(one.read.gaps, one.read.words[1:], strict=False):
        if gap == HYPHEN:
            units[-1].append(word)
        else:
            units.append([word])
    return units


def _choose(judge: _Judge, least: int, most: int) -> list[Candidate]:
    """The best so many, each chosen for what the ones before it leave uncovered."""
    shared = [one for one in judge.found.phrases.values() if one.support >= least]
    chosen: list[Candidate] = []
    covered: Counter[int] = Counter()
    _take(_pool(judge, _whole(shared)), chosen, covered, most)
    if len(chosen) < FEWEST and least > 1:
        titled = [one for one in judge.found.phrases.values() if one.titles and one.support == 1]
        single = [
            one for one in _whole(titled) if len(one.key) > 1 and not any(w.form in JOINING for w in one.read.words)
        ]
        _take(_pool(judge, single), chosen, covered, min(FEWEST, most))
    return chosen


def _whole(shared: Iterable[Candidate]) -> list[Candidate]:
    """The phrases that are no mere part of a longer one; "learning" before "method" is none."""
    by_key = {one.key: one for one in shared}
    parts: set[Key] = set()
    for key, one in by_key.items():
        ends = kind(one.read.words[-1]) == Kind.ENDING
        for first in range(len(key)):
            for after in range(first + 1, len(key) + (first > 0)):
                part = by_key.get(key[first:after])
                if part and one.support >= _WHOLE * part.support and not (ends and not first and after == len(key) - 1):
                    parts.add(part.key)
    return [one for key, one in by_key.items() if key not in parts]


def _pool(judge: _Judge, candidates: Iterable[Candidate]) -> list[tuple[float, Candidate]]:
    judged = ((judge.worth(one), one) for one in candidates if len(one.key) <= LONGEST and len(one.read))
    kept = [(worth, one) for worth, one in judged if worth > 0 and _readable(one.text)]
    return sorted(kept, key=lambda pair: (-pair[0] * pair[1].support, pair[1].key))[:_POOL]


def _take(pool: list[tuple[float, Candidate]], chosen: list[Candidate], covered: Counter[int], most: int) -> None:
    def gain(pair: tuple[float, Candidate]) -> float:
        worth, one = pair
        named = one.titles | one.given
        held = sorted(one.references | one.given)
        return worth * sum((1 if number in named else _ABSTRACT) / (1 + 0.5 * covered[number]) for number in held)

    pool = [pair for pair in pool if not any(_repeats(pair[1], other) for other in chosen)]
    while pool and len(chosen) < most:
        best = max(pool, key=gain)[1]  # of equal ones the first in the pool
        chosen.append(best)
        covered.update(best.references | best.given)
        pool = [pair for pair in pool if not _repeats(pair[1], best)]


def _repeats(one: Candidate, other: Candidate) -> bool:
    """Whether one phrase stands in the other, or is the same in other spelling: fine-tuning, finetuning."""
    short, long = sorted((one.key, other.key), key=len)
    inside = any(long[at : at + len(short)] == short for at in range(len(long) - len(short) + 1))
    return inside or _spelling(one) == _spelling(other)


def _spelling(one: Candidate) -> str:
    return stem("".join(word.form for word in one.read.words))


def _readable(text: str) -> bool:
    try:
        parse(text)
    except KeywordError:
        return False
    return True


def _counted(chosen: Sequence[Candidate], references: Sequence[Cited]) -> tuple[Suggested, ...]:
    """The keywords, and how many references the matcher finds for each."""
    texts = list(dict.fromkeys(one.text for one in chosen))
    day, moment = date(2000, 1, 1), datetime(2000, 1, 1, tzinfo=UTC)
    papers = [
        Paper(
            seq=number,
            id=str(number),
            title=one.title,
            abstract=one.abstract,
            authors=(),
            categories=(),
            listed_on=day,
            first_seen_at=moment,
            url="",
        )
        for number, one in enumerate(references)
    ]
    index = compile_profiles([Profile(name=text, keywords=(text,)) for text in texts])
    rankings = index.match(papers, CorpusStatistics())
    counted = [Suggested(text, len(rankings[text].papers)) for text in texts]
    return tuple(one for one in counted if one.references)


def _categories(references: Sequence[Cited]) -> Iterable[Suggested]:
    """Those that a good share of the references is in that tell theirs."""
    held = Counter(category for one in references for category in dict.fromkeys(one.categories))
    least = max(2, _CATEGORY_SHARE * sum(bool(one.categories) for one in references))
    for category, number in sorted(held.items(), key=lambda pair: (-pair[1], pair[0])):
        if number >= least:
            yield Suggested(category, number)
