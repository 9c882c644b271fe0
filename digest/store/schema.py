"""The tables, as SQLAlchemy Core sees them. Migrations make them; a test keeps the two equal.

Holds no queries. All moments are UTC; lists and settings are JSON.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

REVISION = "0007"
"""The newest migration; a database at any other is not used."""


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        assert value.tzinfo is not None, "a moment without a zone"
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None else None


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

papers = Table(
    "papers",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("abstract", Text, nullable=False),
    Column("authors", JSON, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("listed_on", Date, nullable=False, index=True),
    Column("first_seen_at", Moment, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("pdf_url", Text, nullable=False),
    Column("code_url", Text, nullable=False),
    Column("project_url", Text, nullable=False),
    Column("upvotes", Integer),
    Column("comments", Integer),
    Column("version", Integer),
    Column("sources", JSON, nullable=False),
    Column("authority", Integer, nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice, also after a prune
)

paper_keys = Table(
    "paper_keys",
    metadata,
    Column("key", String, primary_key=True),
    Column("seq", Integer, ForeignKey("papers.seq", ondelete="CASCADE"), nullable=False, index=True),
)

terms = Table(
    "terms",
    metadata,
    Column("term", Text, primary_key=True),
    Column("documents", Integer, nullable=False),
    sqlite_with_rowid=False,  # the text is kept once
)

corpus = Table(
    "corpus",
    metadata,
    Column("id", Integer, primary_key=True),  # one row, 1
    Column("documents", Integer, nullable=False),
    Column("title_words", Integer, nullable=False),
    Column("abstract_words", Integer, nullable=False),
    Column("upto_seq", Integer, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("name", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("checked_at", Moment, nullable=False),
    Column("new", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
)

source_parts = Table(
    "source_parts",
    metadata,
    Column("source", String, primary_key=True),
    Column("part", String, primary_key=True),
    Column("etag", Text, nullable=False),
    Column("last_modified", Text, nullable=False),
    Column("validators_url", Text, nullable=False),
    Column("moved_to", Text, nullable=False),
    Column("configured_url", Text, nullable=False),
    Column("gone", Boolean, nullable=False),
    Column("not_before_at", Moment),
    Column("checked_at", Moment),
    Column("last_ok_at", Moment),
    Column("last_new_at", Moment),
    Column("announced_on", Date),
    Column("entries", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("seen", Text, nullable=False),
)

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("email", String, nullable=False),
    Column("email_folded", String, nullable=False, unique=True),
    Column("status", String, nullable=False),
    Column("origin", String, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("cursor", Integer, nullable=False),
    Column("joined_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    # What a TOML file says of a row that came by command, and what the subscriber chose over both.
    Column("overlay", JSON(none_as_null=True)),
    Column("chosen", JSON, nullable=False, server_default="{}"),
    # Derived from the fields (see fields), so that planning reads columns only.
    Column("schedule", String, nullable=False, server_default="{}"),
    Column("reads", String, nullable=False, server_default=""),
    Column("paused_until", Date),
    Column("share", Integer, nullable=False, server_default="0"),
    Column("last_issue", Date, nullable=False, server_default="0001-01-01"),
    # Planning looks only at those who can be due, one schedule after the other.
    Index("ix_subscribers_due", "schedule", "last_issue", "share", sqlite_where=text("status = 'active'")),
    Index("ix_subscribers_reads", "reads", sqlite_where=text("reads != ''")),
    Index("ix_subscribers_paused_until", "paused_until", sqlite_where=text("paused_until IS NOT NULL")),
    sqlite_autoincrement=True,
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address", String, primary_key=True),  # a hash: it outlives the account without keeping the address
    Column("reason", Text, nullable=False),
    Column("source", String, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("first_seen_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

issues = Table(
    "issues",
    metadata,
    Column("issue", Date, primary_key=True),
    Column("planned", Integer, nullable=False),
    Column("allowed", Boolean, nullable=False),
)
"""How many digests were due for an issue, and whether somebody said that so many are meant."""

signups = Table(
    "signups",
    metadata,
    Column(
        "subscriber_id",
        Integer,
        ForeignKey("subscribers.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("fields", JSON, nullable=False),
    Column("asked_at", Moment, nullable=False, index=True),
    Column("confirmed_at", Moment),
    Column("network", String, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subscriber_id", Integer, ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String, nullable=False),
    Column("issue", Date, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("after_seq", Integer, nullable=False),
    Column("upto_seq", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("uncertain", Boolean, nullable=False),
    Column("reply", Text, nullable=False),
    Column("next_attempt_at", Moment),
    Column("lease_owner", String, nullable=False),
    Column("lease_until", Moment),
    Column("settled_at", Moment),
    Column("subject", Text, nullable=False),
    Column("message_id", String, nullable=False),
    Column("papers", JSON, nullable=False),
    Column("html_bytes", Integer, nullable=False),
    Column("message_bytes", Integer, nullable=False),
    Column("by_name", Boolean, nullable=False),
    Column("covers_from", Date),
    Column("covers_why", Text, nullable=False, server_default=""),
    UniqueConstraint("subscriber_id", "kind", "issue"),
    # Settled rows are the great majority; the sender looks only at the others.
    Index("ix_deliveries_open", "state", "after_seq", "id", sqlite_where=text("state IN ('queued', 'sending')")),
    Index("ix_deliveries_waiting", "subscriber_id", sqlite_where=text("state IN ('queued', 'sending')")),
    Index("ix_deliveries_failed", "settled_at", sqlite_where=text("state = 'failed'")),
    Index("ix_deliveries_settled_at", "settled_at"),
    Index("ix_deliveries_leased", "lease_owner", sqlite_where=text("lease_owner != ''")),
    sqlite_autoincrement=True,
)

profiles = Table(
    "profiles",
    metadata,
    Column("name", String, primary_key=True),
    Column("fields", JSON, nullable=False),
    Column("saved_at", Moment, nullable=False),
)

alarms = Table(
    "alarms",
    metadata,
    Column("kind", String, primary_key=True),
    Column("message", Text, nullable=False),
    Column("raised_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("times", Integer, nullable=False),
    Column("cleared_at", Moment),
    Column("told", String, nullable=False),
)

rounds = Table(
    "rounds",
    metadata,
    Column("job", String, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("ok_at", Moment),
    Column("failures", Integer, nullable=False),
    Column("reason", Text, nullable=False),
)
