"""Whether operators, brackets and parts follow each other as they may; every error with its column.

What passes is a sentence that luqum can read. Does not know what it means (see operators).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from digest.errors import KeywordError
from digest.match.tokens import Token

MAX_PARTS = 50
MAX_DEPTH = 20
"""Brackets inside one another."""
_SIGNS = frozenset({"NOT", "+", "-"})
_OPEN = _SIGNS | {"AND", "OR", "("}


def check(tokens: Sequence[Token]) -> None:
    """Raise KeywordError, with column and hint, unless every operator has its operands and every bracket its other."""
    parts = [token for token in tokens if token.kind == "part"]
    if len(parts) > MAX_PARTS:
        column = parts[MAX_PARTS].column
        raise KeywordError(f"the keyword has more than {MAX_PARTS} parts", column, "Write several keywords.")
    if not tokens:
        raise KeywordError("no word stands here", 1, "Write a word.")
    before: Token | None = None
    for token in tokens:
        if before is None or before.kind in _OPEN:
            _check_begin(token, before)
        before = token
    if before is not None and before.kind in _OPEN and before.kind != "(":
        _refuse_lone(before)
    _check_brackets(tokens)


def _check_brackets(tokens: Sequence[Token]) -> None:
    opened: list[Token] = []
    for token in tokens:
        if token.kind == "(":
            opened.append(token)
            if len(opened) > MAX_DEPTH:
                raise KeywordError(f"more than {MAX_DEPTH} brackets are open", token.column, "Write several keywords.")
        elif token.kind == ")":
            if not opened:
                hint = "Remove it, or write \\) for the sign itself."
                raise KeywordError("this bracket closes none", token.column, hint)
            opened.pop()
    if opened:
        hint = "Close it, or write \\( for the sign itself."
        raise KeywordError("this bracket is never closed", opened[-1].column, hint)


def _check_begin(token: Token, before: Token | None) -> None:
    """At the beginning, and after what needs something to follow it."""
    if before is not None and before.kind != "(":
        apart = before.kind in {"+", "-"} and token.column > before.column + 1
        if apart or token.kind in {"AND", "OR", ")"}:
            _refuse_lone(before)
    if token.kind in {"AND", "OR"}:
        raise KeywordError(f"nothing stands before {token.written}", token.column, _hint(token))
    if token.kind == ")" and before is not None:
        raise KeywordError(
            "the brackets hold nothing", before.column, "Remove them, or write \\( and \\) for the signs themselves."
        )
    if token.kind in _SIGNS and before is not None and before.kind in _SIGNS:
        raise KeywordError(f"{token.written} follows {before.written}", token.column, "Write one of them.")


def _refuse_lone(operator: Token) -> NoReturn:
    raise KeywordError(f"nothing follows {operator.written}", operator.column, _hint(operator))


def _hint(operator: Token) -> str:
    written = operator.written
    if written.isalpha():
        return f'For the word itself write "{written}" in quotation marks, or {written.lower()}.'
    escaped = "".join(f"\\{sign}" for sign in written)
    use = f"Write {written}word without a space" if operator.kind in {"+", "-"} else f"Write graph {written} protein"
    return f"{use}, or {escaped} for the sign itself."
