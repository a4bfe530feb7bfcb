"""What a patient types before a page is sent, links and messages, check-ins, alerts by e-mail."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)

# (table, new column)
ADDED = (
    ("intakes", sa.Column("follows", sa.String(32))),
    ("intakes", sa.Column("withdrawn_at", TIME)),
    ("alerts", sa.Column("mailed_at", TIME)),
    ("alerts", sa.Column("mailed", sa.Integer, nullable=False, server_default="0")),
    ("alerts", sa.Column("mail_failed_at", TIME)),
)


def upgrade() -> None:
    for table, column in ADDED:
        op.add_column(table, column)
    op.create_index("ix_intakes_follows", "intakes", ["follows"])
    _half_pages()
    _links_and_messages()
    _page_times()


def downgrade() -> None:
    for table in ("page_times", "messages", "links", "half_pages"):
        op.drop_table(table)
    op.drop_index("ix_intakes_follows", "intakes")
    for table, column in reversed(ADDED):
        op.drop_column(table, column.name)


def _half_pages() -> None:
    op.create_table(
        "half_pages",
        sa.Column("intake_id", sa.String(32)),
        sa.Column("page_id", sa.String(64)),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("counter", sa.Integer, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("saved_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("intake_id", "page_id", name="pk_half_pages"),
        _of_intake("half_pages"),
    )


def _links_and_messages() -> None:
    op.create_table(
        "links",
        sa.Column("id", sa.String(32)),
        sa.Column("intake_id", sa.String(32), nullable=False),
        sa.Column("handle_hmac", sa.LargeBinary, nullable=False),
        sa.Column("address", sa.LargeBinary, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("mailed_at", TIME),
        sa.Column("number_hmac", sa.LargeBinary),
        sa.Column("number_until", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
        sa.UniqueConstraint("handle_hmac", name="uq_links_handle_hmac"),
        _of_intake("links"),
    )
    op.create_index("ix_links_intake_id", "links", ["intake_id"])
    op.create_table(
        "messages",
        sa.Column("id", sa.String(32)),
        sa.Column("intake_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("sent_at", TIME, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("read_at", TIME),
        sa.Column("read_by", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        _of_intake("messages"),
    )
    op.create_index("ix_messages_intake_id", "messages", ["intake_id"])
    op.create_index("ix_messages_unread", "messages", ["read_at", "sent_at"])


def _page_times() -> None:
    op.create_table(
        "page_times",
        sa.Column("questionnaire", sa.String(32)),
        sa.Column("page_id", sa.String(64)),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("measured", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("questionnaire", "page_id", name="pk_page_times"),
    )


def _of_intake(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["intake_id"], ["intakes.id"], name=f"fk_{table}_intake_id")
