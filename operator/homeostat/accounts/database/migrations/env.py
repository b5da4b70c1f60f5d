"""Alembic runs this for each migration, on the connection and in the transaction that ``database`` gives it."""

from alembic import context

from homeostat.accounts.database.tables import AccountsTable

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=AccountsTable.metadata,
    transactional_ddl=True,
    render_as_batch=True,  # SQLite alters a table by making another one
)
context.run_migrations()
