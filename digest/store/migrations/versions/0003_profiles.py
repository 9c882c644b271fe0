"""The profiles with which mail was last sent, so that an edit can be shown against what readers get."""

import sqlalchemy as sa
from alembic import op

from digest.store.schema import Moment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table; it fills with the next mail."""
    op.create_table(
        "profiles",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("saved_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_profiles"),
    )
