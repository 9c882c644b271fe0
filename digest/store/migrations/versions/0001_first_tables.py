"""The first tables: papers, sources, subscribers, deliveries, and the full-text index."""

import sqlalchemy as sa
from alembic import op

from digest.store.schema import Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables of version 0.1."""
    _papers()
    _sources()
    _subscribers_and_deliveries()
    _full_text()


def _papers() -> None:
    op.create_table(
        "papers",
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("abstract", sa.Text, nullable=False),
        sa.Column("authors", sa.JSON, nullable=False),
        sa.Column("categories", sa.JSON, nullable=False),
        sa.Column("listed_on", sa.Date, nullable=False),
        sa.Column("first_seen_at", Moment, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("pdf_url", sa.Text, nullable=False),
        sa.Column("code_url", sa.Text, nullable=False),
        sa.Column("project_url", sa.Text, nullable=False),
        sa.Column("upvotes", sa.Integer),
        sa.Column("comments", sa.Integer),
        sa.Column("version", sa.Integer),
        sa.Column("sources", sa.JSON, nullable=False),
        sa.Column("authority", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_papers"),
        sa.UniqueConstraint("id", name="uq_papers_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_papers_listed_on", "papers", ["listed_on"])
    op.create_index("ix_papers_first_seen_at", "papers", ["first_seen_at"])
    op.create_table(
        "paper_keys",
        sa.Column("key", sa.String, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_paper_keys"),
        sa.ForeignKeyConstraint(["seq"], ["papers.seq"], name="fk_paper_keys_seq_papers", ondelete="CASCADE"),
    )
    op.create_index("ix_paper_keys_seq", "paper_keys", ["seq"])


def _sources() -> None:
    op.create_table(
        "sources",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("checked_at", Moment, nullable=False),
        sa.Column("new", sa.Integer, nullable=False),
        sa.Column("updated", sa.Integer, nullable=False),
        sa.Column("unchanged", sa.Integer, nullable=False),
        sa.Column("skipped", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sources"),
    )
    op.create_table(
        "source_parts",
        sa.Column("source", sa.String, nullable=False),
        sa.Column("part", sa.String, nullable=False),
        sa.Column("etag", sa.Text, nullable=False),
        sa.Column("last_modified", sa.Text, nullable=False),
        sa.Column("validators_url", sa.Text, nullable=False),
        sa.Column("moved_to", sa.Text, nullable=False),
        sa.Column("configured_url", sa.Text, nullable=False),
        sa.Column("gone", sa.Boolean, nullable=False),
        sa.Column("not_before_at", Moment),
        sa.Column("checked_at", Moment),
        sa.Column("last_ok_at", Moment),
        sa.Column("last_new_at", Moment),
        sa.Column("announced_on", sa.Date),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("seen", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("source", "part", name="pk_source_parts"),
    )


def _subscribers_and_deliveries() -> None:
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("email_folded", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("cursor", sa.Integer, nullable=False),
        sa.Column("joined_at", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subscribers"),
        sa.UniqueConstraint("key", name="uq_subscribers_key"),
        sa.UniqueConstraint("email_folded", name="uq_subscribers_email_folded"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("subscriber_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("issue", sa.Date, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("after_seq", sa.Integer, nullable=False),
        sa.Column("upto_seq", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("uncertain", sa.Boolean, nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.Column("next_attempt_at", Moment),
        sa.Column("lease_owner", sa.String, nullable=False),
        sa.Column("lease_until", Moment),
        sa.Column("settled_at", Moment),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("message_id", sa.String, nullable=False),
        sa.Column("papers", sa.JSON, nullable=False),
        sa.Column("html_bytes", sa.Integer, nullable=False),
        sa.Column("message_bytes", sa.Integer, nullable=False),
        sa.Column("by_name", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("subscriber_id", "kind", "issue", name="uq_deliveries_subscriber_id_kind_issue"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name="fk_deliveries_subscriber_id_subscribers", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["state", "after_seq", "id"],
        sqlite_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_index("ix_deliveries_settled_at", "deliveries", ["settled_at"])


def _full_text() -> None:
    """The index reads the papers table itself (external content), so the text is kept once."""
    op.execute(
        "CREATE VIRTUAL TABLE papers_text USING fts5(title, abstract, authors, content='papers', content_rowid='seq',"
        " tokenize='porter unicode61 remove_diacritics 2')"
    )
    new = "INSERT INTO papers_text(rowid, title, abstract, authors) VALUES (new.seq, new.title, new.abstract, new.authors);"
    old = (
        "INSERT INTO papers_text(papers_text, rowid, title, abstract, authors)"
        " VALUES ('delete', old.seq, old.title, old.abstract, old.authors);"
    )
    op.execute(f"CREATE TRIGGER papers_text_insert AFTER INSERT ON papers BEGIN {new} END")
    op.execute(f"CREATE TRIGGER papers_text_delete AFTER DELETE ON papers BEGIN {old} END")
    op.execute(
        f"CREATE TRIGGER papers_text_update AFTER UPDATE OF title, abstract, authors ON papers BEGIN {old} {new} END"
    )
