"""What an operator must know of, and how the recurring jobs last went."""

import sqlalchemy as sa
from alembic import op

from digest.store.schema import Moment

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make two tables, empty."""
    op.create_table(
        "alarms",
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("raised_at", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("cleared_at", Moment),
        sa.Column("told", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_alarms"),
    )
    op.create_table(
        "rounds",
        sa.Column("job", sa.String, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("ok_at", Moment),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("job", name="pk_rounds"),
    )
