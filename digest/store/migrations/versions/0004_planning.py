"""Planning in sets: columns made of the subscribers' fields; choices, suppressions, how many were due for an issue."""

import json

import sqlalchemy as sa
from alembic import op

from digest.cadence import share_of
from digest.store.fields import derived
from digest.store.schema import Moment

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns and tables, and fill them from what is there."""
    _columns()
    _tables()
    _fill_subscribers()
    _suppress()
    op.execute(
        "UPDATE subscribers SET last_issue = coalesce((SELECT max(issue) FROM deliveries"
        " WHERE subscriber_id = subscribers.id AND kind = 'digest'), '0001-01-01')"
    )
    op.execute(
        "INSERT INTO issues SELECT issue, count(*), 0 FROM deliveries WHERE kind = 'digest' AND NOT by_name GROUP BY issue"
    )


def _columns() -> None:
    for column in (
        sa.Column("overlay", sa.JSON),
        sa.Column("chosen", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("schedule", sa.String, nullable=False, server_default="{}"),
        sa.Column("reads", sa.String, nullable=False, server_default=""),
        sa.Column("paused_until", sa.Date),
        sa.Column("share", sa.Integer, nullable=False, server_default="0"),
        sa.Column("last_issue", sa.Date, nullable=False, server_default="0001-01-01"),
    ):
        op.add_column("subscribers", column)
    op.add_column("deliveries", sa.Column("covers_from", sa.Date))
    op.add_column("deliveries", sa.Column("covers_why", sa.Text, nullable=False, server_default=""))
    active = sa.text("status = 'active'")
    op.create_index("ix_subscribers_due", "subscribers", ["schedule", "last_issue", "share"], sqlite_where=active)
    op.create_index("ix_subscribers_reads", "subscribers", ["reads"], sqlite_where=sa.text("reads != ''"))
    paused = sa.text("paused_until IS NOT NULL")
    op.create_index("ix_subscribers_paused_until", "subscribers", ["paused_until"], sqlite_where=paused)
    waiting = sa.text("state IN ('queued', 'sending')")
    op.create_index("ix_deliveries_waiting", "deliveries", ["subscriber_id"], sqlite_where=waiting)
    op.create_index("ix_deliveries_failed", "deliveries", ["settled_at"], sqlite_where=sa.text("state = 'failed'"))


def _tables() -> None:
    op.create_table(
        "suppressions",
        sa.Column("address", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("first_seen_at", Moment, nullable=False),
        sa.Column("last_seen_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_suppressions"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "issues",
        sa.Column("issue", sa.Date, nullable=False),
        sa.Column("planned", sa.Integer, nullable=False),
        sa.Column("allowed", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("issue", name="pk_issues"),
    )


_subscribers = sa.table(
    "subscribers",
    sa.column("id"),
    sa.column("key"),
    sa.column("fields"),
    sa.column("schedule"),
    sa.column("reads"),
    sa.column("paused_until", sa.Date),
    sa.column("share"),
)


def _fill_subscribers() -> None:
    connection, at_a_time, after = op.get_bind(), 10_000, 0
    own: dict[str, sa.BindParameter[object]] = {
        name: sa.bindparam(f"new_{name}") for name in ("schedule", "reads", "paused_until", "share")
    }
    change = sa.update(_subscribers).where(_subscribers.c.id == sa.bindparam("row")).values(own)
    some = sa.select(_subscribers.c.id, _subscribers.c.key, _subscribers.c.fields).order_by(_subscribers.c.id)
    while rows := connection.execute(some.where(_subscribers.c.id > after).limit(at_a_time)).all():
        values = [(row.id, {**derived(json.loads(row.fields)), "share": share_of(row.key)}) for row in rows]
        connection.execute(change, [{"row": i, **{f"new_{k}": v for k, v in of.items()}} for i, of in values])
        after = rows[-1].id


def _suppress() -> None:
    """Those marked so before there was a list; who unsubscribed has a row that stays."""
    from digest.store.suppressions import hashed

    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT email, changed_at FROM subscribers WHERE status = 'suppressed'")).all()
    for email, at in rows:
        connection.execute(
            sa.text(
                "INSERT OR IGNORE INTO suppressions VALUES (:address, 'suppressed before', 'upgrade', '', :at, :at)"
            ),
            {"address": hashed(email), "at": at},
        )
