"""Log lines on stderr: one JSON object each off a terminal, easy on the eye on one.

Each has a stable word for machines (`event`) and a sentence for people (`message`). Addresses are masked, tokens and
known secrets are left out, whoever logs: also what libraries say goes through here.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Collection, MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from digest.cli.output import plain

FORMATS = ("auto", "json", "pretty")
LEVELS = ("debug", "info", "warning", "error")

_ADDRESS = re.compile(
    r"""(?:"([^"\s])[^"\n]*"|([^\s<>()\[\]:;,"'@])[^\s<>()\[\]:;,"'@]*)(@|%40)((?:[\w-]+\.)*[\w-]+|\[[^\s\]]*\])""",
    re.IGNORECASE,
)
_LONGEST = 50_000
_TOKEN = re.compile(r"(/(?:confirm|preferences|unsubscribe|issues)/)[^\s/?#\"'<>]+")
_QUERY = re.compile(r"([?&](?:token|t|key|secret|password)=)[^\s&\"'<>]+", re.IGNORECASE)


def configure(form: str, level: str, secrets: Callable[[], Collection[str]]) -> None:
    """Set logging up for this process; `secrets` gives the texts that must never appear."""
    pretty = form == "pretty" or (form == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _masking(secrets),
        _pretty if pretty else structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=[*shared, _foreign], processors=last))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)  # libraries name addresses and each of their steps
    logging.getLogger("digest").setLevel(level.upper())


def masked(text: str, secrets: Collection[str] = ()) -> str:
    """A text without whole addresses, tokens of links and secrets."""
    text = text[:_LONGEST]
    for secret in secrets:
        text = text.replace(secret, "…")
    text = _TOKEN.sub(r"\1…", text)
    text = _QUERY.sub(r"\1…", text)
    return _ADDRESS.sub(lambda found: f"{found[1] or found[2]}…@{found[4]}", text)


def _masking(secrets: Callable[[], Collection[str]]) -> Processor:
    def mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        hidden = [secret for secret in secrets() if secret]
        return {key: _mask(value, hidden) for key, value in event.items()}

    return mask


def _mask(value: Any, secrets: Collection[str]) -> Any:
    if isinstance(value, str):
        return masked(value, secrets)
    if isinstance(value, list | tuple):
        return [_mask(one, secrets) for one in value]
    if isinstance(value, int | float | None):
        return value
    return masked(str(value), secrets)


def _foreign(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What a library says is its message; its name is the word for machines."""
    record: logging.LogRecord | None = event.get("_record")
    return {**event, "event": record.name if record else "log", "message": event.get("event", "")}


_MARKS = {"debug": " ", "info": " ", "warning": "!", "error": "✗", "critical": "✗"}


def _pretty(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    """One line for people: the time, a mark, the sentence; a traceback stands below."""
    trace = str(event.get("exception", ""))
    at = str(event.get("timestamp", ""))[11:19]
    line = f"{at} {_MARKS.get(str(event.get('level')), ' ')} {event.get('event', ''):<10} {plain(event.get('message', ''))}"
    return f"{line}\n{trace}" if trace else line
