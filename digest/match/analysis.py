"""Text → words, the same way for keywords and for papers, each word with its place in the original text.

Compatibility forms (NFKC), case and accents are folded, hyphens and slashes break words, English inflection is
stemmed (Snowball). Knows nothing of phrases or scores.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

from digest.models import Span

MAX_CHARACTERS = 200_000
MAX_WORDS = 20_000
"""How much of one field is read; the longest real abstracts have under a thousand words."""
MAX_WORD_LENGTH = 64
"""Longer runs of letters (sequences, hashes) are compared as they are, unstemmed."""

NOTHING, SPACE, HYPHEN = range(3)
"""What stands between two neighbouring words: anything else, white space only, or one hyphen, slash or underscore."""

_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
# Letters that Unicode does not decompose, and signs that would otherwise add or break words.
_FOLDED = str.maketrans(
    {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ı": "i", "þ": "th", "Þ": "Th"}
    | {"æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe"}
    | dict.fromkeys("‐‒–−", "-")
    | dict.fromkeys("‘’ʼ", "'")
)
# Conjoining Hangul and voiced kana are only whole in company; everything else folds alone.
_FOREIGN = re.compile("[\u1100-\u115f][\u1160-\u11a7][\u11a8-\u11ff]?|.[\u3099\u309a]|[^\x00-\x7f]", re.DOTALL)
_IDEOGRAPHS = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
# Vowel signs of scripts in which a word is not a run of letters alone.
_VOWELS = (
    "\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff\u0e00-\u0eff\u0f71-\u0f84\u1000-\u1049"
)
_LETTER = f"(?:[^\\W_{_IDEOGRAPHS}]|[{_VOWELS}])"
_WORD = re.compile(
    rf"[{_IDEOGRAPHS}]|(?:(?<![\w.])\.(?=[A-Z]))?{_LETTER}++(?:'{_LETTER}++)*+(?:\+\+|\#|[+*](?!\w))?",
)
# The same for text in ASCII alone, which nearly all is; twice as quick.
_ASCII_WORD = re.compile(_WORD.pattern.replace(_LETTER, "[A-Za-z0-9]").replace(f"[{_IDEOGRAPHS}]|", "", 1))
_stemmer = Stemmer.Stemmer("english")
_stemmer.maxCacheSize = 0  # words are remembered below, with everything else about them


@dataclass(frozen=True, slots=True)
class Word:
    """One distinct word. The keys are what it answers to: a stem, `=form`, `^ACRONYM` (without plural s), `"CaSe`."""

    cased: str
    form: str
    stem: str
    keys: tuple[str, ...]
    marked: bool = False
    """It carries a sign that changes its meaning: C++, F#, A*, .NET."""

    @property
    def acronym(self) -> bool:
        """Two or more capitals: smart case applies."""
        return sum(map(str.isupper, self.cased)) > 1


@dataclass(frozen=True, slots=True)
class Text:
    """The words of one field; word `i` stands at `starts[i]:ends[i]`, and `gaps[i]` lies between it and the next."""

    words: tuple[Word, ...]
    starts: array[int]
    ends: array[int]
    gaps: bytes

    def __len__(self) -> int:
        return len(self.words)

    def span(self, first: int, after: int) -> Span:
        """The characters of the words `first` … `after - 1`."""
        return Span(self.starts[first], self.ends[after - 1])


def analyse(text: str) -> Text:
    """The words of a text, at most MAX_WORDS in the first MAX_CHARACTERS; any string is accepted."""
    return _remembered(text) if len(text) <= 20_000 else _analyse(text[:MAX_CHARACTERS])


def lexemes(text: str) -> tuple[list[str], bytes]:
    """The same words as `analyse` finds, as they stand after folding, and the gaps after them; no places: much quicker."""
    plain = fold(text[:MAX_CHARACTERS])
    pattern = _ASCII_WORD if plain.isascii() else _WORD
    found = pattern.findall(plain)[:MAX_WORDS]
    between = pattern.split(plain, MAX_WORDS)
    return found, bytes(map(_gaps.__getitem__, between[1 : len(found)])) + b"\0" * bool(found)


def word(lexeme: str) -> Word:
    """What is known of a lexeme."""
    return _word(lexeme)


def fold(text: str) -> str:
    """Compatibility forms, accents, hyphens and apostrophes made plain; the case stays."""
    return text if text.isascii() else _FOREIGN.sub(lambda piece: _fold(piece.group()), text)


def stem(form: str) -> str:
    """The stem of a folded word."""
    if len(form) > MAX_WORD_LENGTH:
        return form
    return str(_stemmer.stemWord(form.removesuffix("'s").replace("'", "")))


def stemmed(forms: Sequence[str]) -> list[str]:
    """The stems of many folded words."""
    made = _stemmer.stemWords([form.removesuffix("'s").replace("'", "") for form in forms])
    return [form if len(form) > MAX_WORD_LENGTH else str(root) for form, root in zip(forms, made, strict=True)]


def acronym_key(cased: str) -> str:
    """The key of a word in which case counts; LLM, LLMs and LLM's share one."""
    bare = cased.removesuffix("'s")
    return "^" + (bare[:-1] if bare.endswith("s") and sum(map(str.isupper, bare)) > 1 else bare)


def _analyse(text: str) -> Text:
    plain, place = (text, None) if text.isascii() else _plain(text)
    words: list[Word] = []
    starts, ends, gaps = array("l"), array("l"), bytearray()
    last = 0
    for found in _WORD.finditer(plain):
        first, after = found.span()
        if words:
            gaps.append(_gap(plain[last : min(first, last + 80)]))
        words.append(_word(found.group()))
        starts.append(first if place is None else place[0][first])
        ends.append(after if place is None else place[1][after - 1])
        last = after
        if len(words) == MAX_WORDS:
            break
    return Text(tuple(words), starts, ends, bytes(gaps) + b"\0")


_remembered = lru_cache(maxsize=4096)(_analyse)


def _plain(text: str) -> tuple[str, tuple[array[int], array[int]]]:
    """The folded text and, for each of its characters, where its original starts and ends."""
    pieces: list[str] = []
    starts, ends = array("l"), array("l")
    done = 0
    for found in _FOREIGN.finditer(text):
        at, end = found.span()
        pieces.append(text[done:at])
        starts.extend(range(done, at))
        ends.extend(range(done + 1, at + 1))
        folded = _fold(found.group())
        pieces.append(folded)
        starts.extend([at] * len(folded))
        ends.extend([end] * len(folded))
        # A free-standing accent belongs to the letter before it, so that a highlight does not part them.
        if not folded and ends and unicodedata.combining(text[at]):
            ends[-1] = end
        done = end
    pieces.append(text[done:])
    starts.extend(range(done, len(text)))
    ends.extend(range(done + 1, len(text) + 1))
    return "".join(pieces), (starts, ends)


@lru_cache(maxsize=8192)
def _fold(piece: str) -> str:
    """One foreign character made plain; invisible format characters and trade marks vanish."""
    if piece in {"™", "℠"} or unicodedata.category(piece[0]) == "Cf":
        return ""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", piece))
    return unicodedata.normalize("NFC", bare).translate(_FOLDED)


def _gap(between: str) -> int:
    if between in {"-", "/", "_"}:
        return HYPHEN
    return SPACE if between.isspace() else NOTHING


class _Gaps(dict[str, int]):
    """What stands between words, looked up as often as there are words; only short ones are remembered."""

    def __missing__(self, between: str) -> int:
        kind = _gap(between[:80])
        if len(between) <= 8 and len(self) < 65_536:
            self[between] = kind
        return kind


_gaps = _Gaps()


def _word(lexeme: str) -> Word:
    return _known(lexeme) if len(lexeme) <= MAX_WORD_LENGTH else _new(lexeme)


def _new(lexeme: str) -> Word:
    bare = lexeme.strip("+#*.")
    form = bare.casefold()
    root = stem(form)
    word = Word(bare, form, root, (root, f"={form}"))
    keys = word.keys
    if word.acronym:
        keys += (acronym_key(bare), f'"{bare}')
    if len(bare) == len(lexeme):
        return Word(bare, form, root, keys)
    # One letter with a sign is another thing than the letter (C, C++); a longer word is still the word (k-means++).
    signed = f"={lexeme.casefold()}"
    return Word(bare, form, root, (signed,) if len(bare) == 1 else (*keys, signed), marked=True)


_known = lru_cache(maxsize=131_072)(_new)
