"""Profiles as readers last got them: the version of each with which mail was really sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from digest.store.database import Database
from digest.store.schema import profiles


@dataclass(frozen=True, slots=True)
class SentProfile:
    """One profile's settings at the last mail that was sent with it."""

    fields: dict[str, Any]
    saved_at: datetime


class Profiles:
    """The sent profiles of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[str, SentProfile]:
        """By name."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(profiles))).mappings()
            return {row["name"]: SentProfile(row["fields"], row["saved_at"]) for row in rows}

    async def save(self, fields: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
        """Keep these versions, by name; others stay as they are."""
        if not fields:
            return
        statement = insert(profiles)
        values = {name: statement.excluded[name] for name in ("fields", "saved_at")}
        upsert = statement.on_conflict_do_update(index_elements=["name"], set_=values)
        rows = [{"name": name, "fields": dict(one), "saved_at": now} for name, one in fields.items()]
        async with self._database.write() as connection:
            await connection.execute(upsert, rows)
