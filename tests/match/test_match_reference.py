"""Where phrases stand, against a search that is slow and obvious."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.match.analysis import Text, acronym_key, analyse, lexemes, stem
from digest.match.analysis import word as word_of
from digest.match.near import windows
from digest.match.phrases import Phrase, Term, joinable
from digest.match.query import Leaf, Near, Words, parse
from digest.match.shelf import Shelf
from digest.models import Paper

LETTERS = [
    "fine",
    "tun",
    "finetun",
    "tuning",
    "finetuning",
    "fine-tuning",
    "Fine",
    "FINE",
    "fi",
    "ne",
    "the",
    "C++",
    "É",
    "网",
]
JOINERS = st.sampled_from([" ", " ", "-", "/", ", ", "  "])
TEXTS = st.lists(st.tuples(st.sampled_from(LETTERS), JOINERS), min_size=1, max_size=12).map(
    lambda pairs: "".join(word + joiner for word, joiner in pairs)
)


def fits(term: Term, form: str, cased: str, keys: tuple[str, ...]) -> bool:
    if not term.prefix:
        return term.key in keys
    capitals = sum(map(str.isupper, cased)) > 1
    return ("=" + form).startswith(term.key) or (capitals and ('"' + cased).startswith(term.key))


def shorter(form: str, term: Term) -> bool:
    """The first half of a compound is only a beginning of it."""
    return len(form) < len(term.key.lstrip('="^'))


def paper(title: str, abstract: str = "") -> Paper:
    return Paper(
        seq=1,
        id="arxiv:1",
        title=title,
        abstract=abstract,
        authors=(),
        categories=(),
        listed_on=date(2026, 11, 23),
        first_seen_at=datetime(2026, 11, 23, tzinfo=UTC),
        url="",
    )


def phrase_of(keyword: str) -> Phrase:
    asks = parse(keyword).asks
    assert isinstance(asks, Leaf)
    assert isinstance(asks.asks, Words)
    return asks.asks.phrase


def places(shelf: Shelf, phrase: Phrase) -> list[tuple[int, int]]:
    found = shelf.places(phrase)
    return list(zip(found.starts.tolist(), found.afters.tolist(), strict=True))


def lengths(phrase: Phrase, text: Text, start: int, done: int = 0) -> set[int]:
    """Every place at which the rest of the phrase can end."""
    if done == len(phrase.terms):
        return {start}
    ends: set[int] = set()
    if start == len(text):
        return ends
    word = text.words[start]
    if fits(phrase.terms[done], word.form, word.cased, word.keys):
        ends |= lengths(phrase, text, start + 1, done + 1)
    joined = phrase.joins[done] if done < len(phrase.joins) else None
    if joined is not None and fits(joined, word.form, word.cased, word.keys):
        ends |= lengths(phrase, text, start + 1, done + 2)
    if start + 1 < len(text) and joinable(word, text.words[start + 1], text.gaps[start]):
        form, cased = word.form + text.words[start + 1].form, word.cased + text.words[start + 1].cased
        keys = (stem(form), acronym_key(cased)) if sum(map(str.isupper, cased)) > 1 else (stem(form),)
        if shorter(word.form, phrase.terms[done]) and fits(phrase.terms[done], form, cased, keys):
            ends |= lengths(phrase, text, start + 2, done + 1)
        if joined is not None and shorter(word.form, joined) and fits(joined, form, cased, keys):
            ends |= lengths(phrase, text, start + 2, done + 2)
    return ends


def obvious(phrase: Phrase, text: Text) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start in range(len(text)):
        ends = lengths(phrase, text, start)
        if ends and (not found or found[-1][1] <= start):
            found.append((start, min(ends)))
    return found


KEYWORDS = (
    st.lists(
        st.sampled_from(["fine", "tuning", "finetuning", "fine-tuning", "FINE", "C++", "E", "网", "finet*", "FINE*"]),
        min_size=1,
        max_size=4,
    )
    .map(" ".join)
    .flatmap(lambda text: st.sampled_from([text, text, '"' + text.replace("*", "") + '"']))
)


@given(st.lists(KEYWORDS, min_size=1, max_size=8), st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3))
@settings(max_examples=400, deadline=None)
def test_phrases_on_a_shelf_are_found_as_in_each_text_alone(keywords: list[str], texts: list[tuple[str, str]]) -> None:
    shelf = Shelf([paper(*pair) for pair in texts])
    for keyword in keywords:
        phrase = phrase_of(keyword)
        expected: list[tuple[int, int]] = []
        for slot, text in enumerate(text for pair in texts for text in pair):
            base = int(shelf.slot_starts[slot])
            expected += [(first + base, after + base) for first, after in obvious(phrase, analyse(text))]
        assert places(shelf, phrase) == expected
        assert shelf.places(phrase).slots.tolist() == sorted(shelf.places(phrase).slots.tolist())


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_every_word_stands_where_it_says(text: str) -> None:
    words = analyse(text)
    stands = list(zip(words.starts, words.ends, strict=True))
    assert all(0 <= start < end <= len(text) for start, end in stands)
    # One sign can be two words (½), which then share its place.
    assert all(one[0] <= other[0] and one[1] <= other[1] for one, other in pairwise(stands))
    for word, (start, end) in zip(words.words, stands, strict=True):
        assert word in analyse(text[start:end]).words or not text.isascii()


@given(st.text(max_size=80) | TEXTS)
@settings(max_examples=400, deadline=None)
def test_the_quick_reading_finds_the_same_words_and_gaps(text: str) -> None:
    found, gaps = lexemes(text)
    slow = analyse(text)
    assert tuple(map(word_of, found)) == slow.words
    assert gaps == slow.gaps[: len(found)]


@given(
    st.lists(
        st.sampled_from(["graph", "net", "of", "the", "finetuning", "fine", "e", "physics"]), min_size=1, max_size=5
    )
)
@settings(max_examples=200, deadline=None)
def test_plain_keywords_are_read_as_any_other(words: list[str]) -> None:
    assert parse(" ".join(words)).asks == parse(" ".join(words) + " ").asks


@given(st.lists(st.sampled_from(["graph", "net", "x", "y"]), max_size=14), st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_proximity_agrees_with_trying_all_pairs(words: list[str], distance: int) -> None:
    asks = parse(f'"graph net"~{distance}').asks
    assert isinstance(asks, Leaf)
    assert isinstance(asks.asks, Near)
    shelf = Shelf([paper(" ".join(words))])
    found = {number: places(shelf, phrase) for number, phrase in enumerate(asks.asks.phrases)}
    count, where = windows(found, [0, 1], distance)
    graphs = [at for at, word in enumerate(words) if word == "graph"]
    nets = [at for at, word in enumerate(words) if word == "net"]
    assert bool(count) == any(abs(one - other) <= distance for one in graphs for other in nets)
    assert all(words[first] in {"graph", "net"} for first, _ in where)


def test_a_long_phrase_of_compounds_takes_no_exponential_time() -> None:
    shelf = Shelf([paper("abc abcabc " * 500)])
    assert len(shelf.places(phrase_of(" ".join(["abc", "abcabc"] * 25)))) > 0
