"""Run by Alembic inside the transaction that `Database.migrate` opened; it commits, not this."""

from alembic import context

from screening.storage.accounts import User

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=User.metadata,  # that of all tables
    compare_type=True,
    render_as_batch=True,  # SQLite can hardly alter a table
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
