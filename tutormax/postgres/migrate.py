"""The migrations of raw and archive, applied from Python."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

import tutormax
from tutormax.errors import UserError

URL_ATTRIBUTE = "url"
"""Where `migrations/env.py` looks for a URL before it asks the environment."""

OURS = "Made by the TutorMax migrations."
"""The comment of a schema that the migrations made, and may therefore drop."""


def migrate(url: str, revision: str = "head") -> None:
    """Upgrade a PostgreSQL database to a revision, silently; does nothing if it is there.

    Args:
        url: `postgresql://user[:password]@host:port/database`.
        revision: a later revision than the one applied.

    Raises:
        UserError: the database cannot be reached or fails, or the migrations are missing.
    """
    try:
        command.upgrade(migration_config(url), revision)
    except CommandError as error:
        raise UserError(f"The migrations stopped: {error}") from error


def migration_config(url: str) -> Config:
    """Return the configuration of Alembic for the database at `url`.

    Raises:
        UserError: the folder `migrations` is not beside the package.
    """
    folder = Path(tutormax.__file__).resolve().parents[1] / "migrations"
    if not (folder / "env.py").is_file():
        raise UserError(f"The migrations are not in {folder}: work in a copy of the repository.")
    config = Config(attributes={URL_ATTRIBUTE: url})
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def make_schema(name: str) -> str:
    """Return the SQL that creates a schema if it does not exist.

    `create schema if not exists` needs the right to create even if the schema exists.
    """
    return (
        f"do $$ begin if to_regnamespace('{name}') is null then "
        f"create schema {name}; comment on schema {name} is '{OURS}'; end if; end $$"
    )


def drop_schema(name: str) -> str:
    """Return the SQL that drops a schema if the migrations created it and it is empty."""
    return (
        f"do $$ begin if obj_description(to_regnamespace('{name}'), 'pg_namespace') = '{OURS}' "
        f"then drop schema {name}; end if; "
        "exception when dependent_objects_still_exist then null; end $$"
    )
