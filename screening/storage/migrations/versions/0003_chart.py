"""What staff add to an intake, and what the queue is sorted and searched by."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
ADDED = (
    sa.Column("urgency", sa.Integer),
    sa.Column("decided_at", TIME),
    sa.Column("assigned_to", sa.Integer),
)


def upgrade() -> None:
    for column in ADDED:
        op.add_column("submissions", column)
    _index_lists()
    op.create_table(
        "search_terms",
        sa.Column("term_hmac", sa.LargeBinary),
        sa.Column("submission_id", sa.Integer),
        sa.PrimaryKeyConstraint("term_hmac", "submission_id", name="pk_search_terms"),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name="fk_search_terms_submission_id"
        ),
    )
    op.create_index("ix_search_terms_submission_id", "search_terms", ["submission_id"])
    op.create_table(
        "chart",
        sa.Column("intake_id", sa.String(32)),
        sa.Column("number", sa.Integer, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("intake_id", "number", name="pk_chart"),
        sa.ForeignKeyConstraint(["intake_id"], ["intakes.id"], name="fk_chart_intake_id"),
    )
    _refuse_changes()


def downgrade() -> None:
    op.drop_table("chart")
    op.drop_table("search_terms")
    op.drop_index("ix_intakes_withdrawn", "intakes", if_exists=True)
    for index in ("ix_submissions_waiting", "ix_submissions_sent"):
        op.drop_index(index, "submissions", if_exists=True)
    op.create_index("ix_submissions_submitted_at", "submissions", ["submitted_at"])
    op.create_index("ix_submissions_status_id", "submissions", ["status", "id"])
    for column in reversed(ADDED):
        op.drop_column("submissions", column.name)


def _index_lists() -> None:
    """Each list of the queue is found, and filtered, by one of two indexes."""
    filters = ["status", "assigned_to"]
    waiting = ["decided_at", "urgency", "submitted_at", "id", *filters]
    op.create_index("ix_submissions_waiting", "submissions", waiting)
    sent = ["submitted_at", "id", "decided_at", "urgency", *filters]
    op.create_index("ix_submissions_sent", "submissions", sent)
    for index in ("ix_submissions_submitted_at", "ix_submissions_status_id"):
        op.drop_index(index, "submissions")
    some = sa.text("withdrawn_at IS NOT NULL")
    op.create_index(
        "ix_intakes_withdrawn",
        "intakes",
        ["withdrawn_at"],
        sqlite_where=some,
        postgresql_where=some,
    )


def _refuse_changes() -> None:
    """An entry stays as it was written; only deleting its whole intake removes it."""
    body = (
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        if op.get_bind().dialect.name == "postgresql"
        else "BEGIN SELECT RAISE(ABORT, 'chart rows are kept as they are'); END"
    )
    op.execute(f"CREATE TRIGGER chart_update BEFORE UPDATE ON chart {body}")
