"""What a subscriber's fields come to: what the subscriber chose over what was configured, and the columns made of it.

Knows the names of the fields that planning needs, not what they mean.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

_SCHEDULE = ("cadence", "days", "weekday", "send_at", "timezone")


def effective(
    fields: Mapping[str, Any], overlay: Mapping[str, Any] | None, chosen: Mapping[str, Any]
) -> dict[str, Any]:
    """The fields that hold: the TOML table instead of what was added by command, and over both what was chosen."""
    held = {**(fields if overlay is None else overlay), **chosen}
    return {name: value for name, value in held.items() if value is not None}


def still_chosen(chosen: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The choices that hold on: one ends when what was configured for its field changes."""
    return {name: value for name, value in chosen.items() if before.get(name) == after.get(name)}


def derived(held: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that planning reads, of the fields that hold.

    `schedule` has only what was said: what was not follows the configuration, without a row being written.
    """
    said = {name: held[name] for name in _SCHEDULE if held.get(name) not in (None, [], ())}
    profiles = sorted(held.get("profiles") or ())
    paused_until = held.get("paused_until")
    return {
        "schedule": json.dumps(said, sort_keys=True, ensure_ascii=False),
        "reads": json.dumps(profiles, ensure_ascii=False) if profiles and not held.get("keywords") else "",
        "paused_until": date.fromisoformat(paused_until) if isinstance(paused_until, str) else paused_until,
    }
