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
    """Bring a PostgreSQL database to a revision, silently; it is no error if it is there already.

    Args:
        url: `postgresql://user[:password]@host:port/database`.
        revision: a later revision than the one applied.

    Raises:
        UserError: the database cannot be reached or refuses, or the migrations are not there.
    """
    try:
        command.upgrade(migration_config(url), revision)
    except CommandError as error:
        raise UserError(f"The migrations stopped: {error}") from error


def migration_config(url: str) -> Config:
    """Return what Alembic's commands need to work on the database at `url`.

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
    """Return the SQL that makes a schema if it is not there.

    `create schema if not exists` asks for the right to create even where there is nothing to do.
    """
    return (
        f"do $$ begin if to_regnamespace('{name}') is null then "
        f"create schema {name}; comment on schema {name} is '{OURS}'; end if; end $$"
    )


def drop_schema(name: str) -> str:
    """Return the SQL that drops a schema if the migrations made it and nothing is left in it."""
    return (
        f"do $$ begin if obj_description(to_regnamespace('{name}'), 'pg_namespace') = '{OURS}' "
        f"then drop schema {name}; end if; "
        "exception when dependent_objects_still_exist then null; end $$"
    )
