"""What Alembic runs: all pending migrations in one transaction of the caller's connection."""

from alembic import context

from byteward.db.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
