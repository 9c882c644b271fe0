"""The phrase tree against a matcher that is slow and obvious."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.match.analysis import Text, acronym_key, analyse, stem
from digest.match.near import windows
from digest.match.phrases import Phrase, PhraseTree, Term, joinable
from digest.match.query import Near, Words, parse

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
        if fits(phrase.terms[done], form, cased, keys):
            ends |= lengths(phrase, text, start + 2, done + 1)
        if joined is not None and fits(joined, form, cased, keys):
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


@given(st.lists(KEYWORDS, min_size=1, max_size=8), TEXTS)
@settings(max_examples=400, deadline=None)
def test_many_phrases_at_once_are_found_as_each_alone(keywords: list[str], title: str) -> None:
    phrases = []
    for keyword in keywords:
        asks = parse(keyword).asks
        assert isinstance(asks, Words)
        phrases.append(asks.phrase)
    phrases = list(dict.fromkeys(phrases))
    text = analyse(title)
    found = PhraseTree(phrases).occurrences(text)
    for number, phrase in enumerate(phrases):
        assert found.get(number, []) == obvious(phrase, text)


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_every_word_stands_where_it_says(text: str) -> None:
    words = analyse(text)
    places = list(zip(words.starts, words.ends, strict=True))
    assert all(0 <= start < end <= len(text) for start, end in places)
    # One sign can be two words (½), which then share its place.
    assert all(one[0] <= other[0] and one[1] <= other[1] for one, other in pairwise(places))
    for word, (start, end) in zip(words.words, places, strict=True):
        assert word in analyse(text[start:end]).words or not text.isascii()


@given(st.lists(st.sampled_from(["graph", "net", "x", "y"]), max_size=14), st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_proximity_agrees_with_trying_all_pairs(words: list[str], distance: int) -> None:
    asks = parse(f'"graph net"~{distance}').asks
    assert isinstance(asks, Near)
    found = PhraseTree(asks.phrases).occurrences(analyse(" ".join(words)))
    count, places = windows(found, [0, 1], distance)
    graphs = [at for at, word in enumerate(words) if word == "graph"]
    nets = [at for at, word in enumerate(words) if word == "net"]
    assert bool(count) == any(abs(one - other) <= distance for one in graphs for other in nets)
    assert all(words[first] in {"graph", "net"} for first, _ in places)


def test_a_long_phrase_of_compounds_takes_no_exponential_time() -> None:
    phrase = parse(" ".join(["abc", "abcabc"] * 25)).asks
    assert isinstance(phrase, Words)
    PhraseTree([phrase.phrase]).occurrences(analyse("abc abcabc " * 500))
