"""Runs the migrations of raw and archive; Alembic calls this file for every command."""

from __future__ import annotations

from logging.config import fileConfig
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from tutormax.errors import UserError
from tutormax.postgres.commands import server_url
from tutormax.postgres.migrate import URL_ATTRIBUTE, drop_schema, make_schema
from tutormax.postgres.session import open_session
from tutormax.schema import ARCHIVE_SCHEMA, RAW_SCHEMA, archive_metadata, metadata
from tutormax.warehouse import session_settings

# Two builds that begin at once migrate one after the other. The number means nothing.
LOCK = 7_236_001_883


def main() -> None:
    if context.config.config_file_name is not None:
        fileConfig(context.config.config_file_name, disable_existing_loggers=False)
    if context.is_offline_mode():
        write_sql()
        return
    try:
        url = context.config.attributes.get(URL_ATTRIBUTE) or server_url()
        engine = create_engine(
            "postgresql+psycopg2://",
            poolclass=NullPool,
            creator=lambda: open_session(url, session_settings(), reads=False),
        )
        with engine.connect() as connection:
            migrate(connection)
    except UserError as error:
        raise CommandError(str(error)) from error
    except DBAPIError as error:
        raise CommandError(" ".join(str(error.orig).split())) from error


def migrate(connection: Connection) -> None:
    configure(connection=connection)
    with context.begin_transaction():
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(make_schema(RAW_SCHEMA)))  # alembic_version lives there
        context.run_migrations()
        if not context.get_context().get_current_heads():
            leave_nothing()


def write_sql() -> None:
    configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.execute(make_schema(RAW_SCHEMA))
        context.run_migrations()
        if not context.get_revision_argument():
            leave_nothing()


def leave_nothing() -> None:
    """No migration is applied: take away Alembic's own table, and the schema if it is ours."""
    context.execute(f"drop table if exists {RAW_SCHEMA}.alembic_version")
    context.execute(drop_schema(RAW_SCHEMA))


def configure(**options: Any) -> None:
    context.configure(
        target_metadata=[metadata, archive_metadata],
        version_table_schema=RAW_SCHEMA,
        include_schemas=True,
        include_name=lambda name, kind, _: kind != "schema" or name in (RAW_SCHEMA, ARCHIVE_SCHEMA),
        **options,
    )


main()
