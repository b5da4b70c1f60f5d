"""How the database comes to be as ``tables`` says. Alembic carries the steps out, each in a file of ``versions``."""

HEAD = "0011"
"""The last step. It stands here, too, so that a database which is there already need not wait for Alembic's import."""
