"""Reasons in few words: the free text of an outcome as one of a small set, so that it can be counted. Pure."""

from __future__ import annotations

import re

from digest.pipeline.runs import Sent

_REPLY = re.compile(r"\b([245])\d\d(?:[ -]([245]\.\d{1,3}\.\d{1,3}))?(?![\d.])")

_WORDS: tuple[tuple[str, str], ...] = (
    ("may have arrived", "uncertain"),
    ("no new papers", "no_papers"),
    ("none with your keywords", "no_match"),
    ("below", "below_score"),
    ("already sent", "already_sent"),
    ("folded into", "folded"),
    ("paused", "paused"),
    ("the subscriber is", "subscriber"),
    ("no profile is called", "no_profile"),
    ("max_per_day", "brake"),
    ("another process", "other_process"),
    ("waits until", "waits_for_source"),
    ("cannot log in", "login"),
    ("refuses our sender", "sender"),
    ("cannot encrypt", "tls"),
    ("cannot use", "unreachable"),
    ("the database", "database"),
)


def reason_class(one: Sent) -> str:
    """A stable word for why a digest had its outcome: "smtp_5.1.1", "no_papers", …; empty when it simply left."""
    reason = one.reason or ""
    if one.outcome == "sent" or not reason:
        return ""
    if one.uncertain:
        return "uncertain"
    for words, name in _WORDS:
        if words in reason:
            return name
    if found := _REPLY.search(reason):
        return f"smtp_{found[2] or found[1] + 'xx'}"
    return "other"
