"""Sign-ups on the pages, until and after they are confirmed."""

import sqlalchemy as sa
from alembic import op

from digest.store.schema import Moment

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table; it fills with the first visitor who subscribes."""
    op.create_table(
        "signups",
        sa.Column("subscriber_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("confirmed_at", Moment),
        sa.Column("network", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("subscriber_id", name="pk_signups"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name="fk_signups_subscriber_id_subscribers", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_signups_asked_at", "signups", ["asked_at"])
