"""Alembic's entry: runs the steps on the connection it is handed."""

from __future__ import annotations

from alembic import context

VERSION_TABLE = "skillfirst_schema"

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
