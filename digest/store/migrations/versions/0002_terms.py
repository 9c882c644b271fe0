"""Document frequencies of the stored papers, kept up to date as papers arrive.

Papers that are there already are counted by the next fetch or send.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the two tables, with nothing counted yet."""
    op.create_table(
        "terms",
        sa.Column("term", sa.Text, nullable=False),
        sa.Column("documents", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("term", name="pk_terms"),
        sqlite_with_rowid=False,
    )
    corpus = op.create_table(
        "corpus",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("documents", sa.Integer, nullable=False),
        sa.Column("title_words", sa.Integer, nullable=False),
        sa.Column("abstract_words", sa.Integer, nullable=False),
        sa.Column("upto_seq", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_corpus"),
    )
    op.bulk_insert(corpus, [{"id": 1, "documents": 0, "title_words": 0, "abstract_words": 0, "upto_seq": 0}])
