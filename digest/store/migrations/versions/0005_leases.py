"""Leases are found without reading the rows that nobody holds."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Index the few rows that are leased."""
    op.create_index("ix_deliveries_leased", "deliveries", ["lease_owner"], sqlite_where=sa.text("lease_owner != ''"))
