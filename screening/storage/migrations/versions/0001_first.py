"""The first tables, and triggers that keep the audit and page saves as they were written."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)

# (table, what no statement may do to its rows). Saves may be deleted with their draft.
KEPT = (("audit", "UPDATE"), ("audit", "DELETE"), ("page_saves", "UPDATE"))


def upgrade() -> None:
    _definitions_and_intakes()
    _answers()
    _submissions()
    _alerts_and_audit()
    _web()
    _staff()
    _refuse_changes()


def downgrade() -> None:
    for table in (
        "user_roles", "users", "roles", "attempts", "web_sessions", "audit", "alerts",
        "documents", "submissions", "page_saves", "intakes", "definitions",
    ):  # fmt: skip
        op.drop_table(table)  # and its triggers and indexes
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")


def _definitions_and_intakes() -> None:
    op.create_table(
        "definitions",
        sa.Column("content_hash", sa.String(64)),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("first_used_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("content_hash", name="pk_definitions"),
    )
    op.create_table(
        "intakes",
        sa.Column("id", sa.String(32)),
        sa.Column("reference", sa.String(9), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("questionnaire", sa.String(32), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(8), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("code_hmac", sa.LargeBinary),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("saved_at", TIME),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("left_at", TIME),
        sa.Column("submitted_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_intakes"),
        sa.UniqueConstraint("reference", name="uq_intakes_reference"),
        sa.UniqueConstraint("code_hmac", name="uq_intakes_code_hmac"),
        sa.ForeignKeyConstraint(
            ["content_hash"], ["definitions.content_hash"], name="fk_intakes_content_hash"
        ),
    )
    op.create_index("ix_intakes_idle", "intakes", ["status", "left_at", "seen_at"])


def _answers() -> None:
    op.create_table(
        "page_saves",
        sa.Column("intake_id", sa.String(32)),
        sa.Column("page_id", sa.String(64)),
        sa.Column("revision", sa.Integer, autoincrement=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("saved_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("intake_id", "page_id", "revision", name="pk_page_saves"),
        _of_intake("page_saves"),
    )


def _submissions() -> None:
    op.create_table(
        "submissions",
        sa.Column("id", sa.Integer),
        sa.Column("intake_id", sa.String(32), nullable=False),
        sa.Column("submitted_at", TIME, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("card", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
        sa.UniqueConstraint("intake_id", name="uq_submissions_intake_id"),
        _of_intake("submissions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_submissions_submitted_at", "submissions", ["submitted_at"])
    op.create_index("ix_submissions_status_id", "submissions", ["status", "id"])
    op.create_table(
        "documents",
        sa.Column("id", sa.Integer),
        sa.Column("submission_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("paper", sa.String(16), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.UniqueConstraint(
            "submission_id", "kind", "paper", name="uq_documents_submission_id_kind_paper"
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name="fk_documents_submission_id"
        ),
    )


def _alerts_and_audit() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(32)),
        sa.Column("intake_id", sa.String(32), nullable=False),
        sa.Column("raised_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("detail", sa.LargeBinary, nullable=False),
        sa.Column("acknowledged_at", TIME),
        sa.Column("acknowledged_by", sa.String(64)),
        sa.Column("note", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        _of_intake("alerts"),
    )
    op.create_index("ix_alerts_intake_id", "alerts", ["intake_id"])
    op.create_index("ix_alerts_open", "alerts", ["acknowledged_at", "due_at"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, autoincrement=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("intake_id", sa.String(32)),
        sa.Column("detail", sa.Text),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_intake_id", "audit", ["intake_id"])


def _web() -> None:
    op.create_table(
        "web_sessions",
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_web_sessions"),
    )
    op.create_index("ix_web_sessions_expires_at", "web_sessions", ["expires_at"])
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("key_hmac", sa.LargeBinary, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_at", "attempts", ["at"])
    op.create_index("ix_attempts_kind_key_at", "attempts", ["kind", "key_hmac", "at"])


def _staff() -> None:
    op.create_table(
        "roles",
        sa.Column("id", sa.Integer),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("description", sa.String(255)),
        sa.PrimaryKeyConstraint("id", name="pk_roles"),
        sa.UniqueConstraint("name", name="uq_roles_name"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("name", sa.String(120)),
        sa.Column("password", sa.String(255)),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("fs_uniquifier", sa.String(64), nullable=False),
        sa.Column("confirmed_at", TIME),
        sa.Column("last_login_at", TIME),
        sa.Column("current_login_at", TIME),
        sa.Column("last_login_ip", sa.String(64)),
        sa.Column("current_login_ip", sa.String(64)),
        sa.Column("login_count", sa.Integer),
        sa.Column("tf_primary_method", sa.String(64)),
        sa.Column("tf_totp_secret", sa.Text),
        sa.Column("tf_last_counter", sa.Integer),
        sa.Column("mf_recovery_codes", sa.UnicodeText),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sa.UniqueConstraint("fs_uniquifier", name="uq_users_fs_uniquifier"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "user_roles",
        sa.Column("user_id", sa.Integer),
        sa.Column("role_id", sa.Integer),
        sa.PrimaryKeyConstraint("user_id", "role_id", name="pk_user_roles"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_user_roles_user_id"),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name="fk_user_roles_role_id"),
    )


def _of_intake(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["intake_id"], ["intakes.id"], name=f"fk_{table}_intake_id")


def _refuse_changes() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% rows are kept as they are', TG_TABLE_NAME; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table, act in KEPT:
        body = (
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            if postgresql
            else f"BEGIN SELECT RAISE(ABORT, '{table} rows are kept as they are'); END"
        )
        op.execute(f"CREATE TRIGGER {table}_{act.lower()} BEFORE {act} ON {table} {body}")
