"""What an administrator needs: export jobs, passkeys, legal holds, monthly counts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _exports()
    _passkeys()
    _holds()
    _counts()


def _exports() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.String(32)),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("total", sa.Integer),
        sa.Column("done", sa.Integer, nullable=False, server_default="0"),
        sa.Column("rows", sa.Integer),
        sa.Column("rare", sa.Integer),
        sa.Column("name", sa.String(64)),
        sa.Column("key_id", sa.String(8)),
        sa.Column("wrapped_key", sa.LargeBinary),
        sa.Column("size", sa.BigInteger),
        sa.Column("sha256", sa.String(64)),
        sa.Column("ended_at", TIME),
        sa.Column("expires_at", TIME),
        sa.Column("fetched_at", TIME),
        sa.Column("error", sa.String(64)),
        sa.Column("included", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_exports"),
    )
    op.create_index("ix_exports_status", "exports", ["status", "asked_at"])
    # Lines of CSV that were kept for the next export: nothing reads them any more.
    op.execute("DELETE FROM documents WHERE kind = 'csv'")


def _passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("credential_id", sa.LargeBinary),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.Integer, nullable=False),
        sa.Column("transports", sa.String(120)),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME),
        sa.PrimaryKeyConstraint("credential_id", name="pk_passkeys"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_passkeys_user_id"),
    )
    op.create_index("ix_passkeys_user_id", "passkeys", ["user_id"])


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.Integer),
        sa.Column("intake_id", sa.String(32), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=False),
        sa.Column("lifted_at", TIME),
        sa.Column("lifted_by", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
        sa.ForeignKeyConstraint(["intake_id"], ["intakes.id"], name="fk_holds_intake_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_holds_intake_id", "holds", ["intake_id"])


def _counts() -> None:
    op.create_table(
        "tallies",
        sa.Column("name", sa.String(32)),
        sa.Column("month", sa.String(7)),
        sa.Column("value", sa.String(64)),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", "month", "value", name="pk_tallies"),
    )
    op.create_index("ix_audit_actor_id", "audit", ["actor", "id"])
    op.create_index("ix_audit_action_id", "audit", ["action", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_action_id", "audit")
    op.drop_index("ix_audit_actor_id", "audit")
    for table in ("tallies", "holds", "passkeys", "exports"):
        op.drop_table(table)
