"""Access of the commands to the dbt project: SQL from its macros, operations, the manifest.

Retained totals must equal those of the models, so both use the same macro.
"""

from __future__ import annotations

import json
import os
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from jinja2 import Environment

import tutormax
from tutormax.errors import UserError
from tutormax.schema import RAW_SCHEMA
from tutormax.warehouse import Target

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

PREFIX_VARIABLE = "TUTORMAX_SCHEMA_PREFIX"
PUBLISHED = "tutormax"
_PREFIX = re.compile("[A-Za-z_][A-Za-z0-9_]{0,40}")


def schema_prefix(target: StrEnum) -> str:
    """Return the prefix of a developer's schemas, as the macro `schema_prefix` does; empty if none.

    Raises:
        UserError: the profile has no such target, or the prefix is not an identifier.
    """
    prefix = os.environ.get(PREFIX_VARIABLE)
    if prefix is None:
        schema = _profile_schema(target)
        prefix = "" if schema == PUBLISHED else f"{schema}_"
    if prefix and not _PREFIX.fullmatch(prefix):
        raise UserError(
            f"The prefix of the schemas is '{prefix}', which is not an identifier: give "
            f"{PREFIX_VARIABLE}, or the schema of the profile, at most 40 letters (a-z), digits "
            "and _."
        )
    return prefix


def refuse_prefix(target: StrEnum) -> None:
    """Refuse to work on a developer's copy, because it shares its raw tables with everybody.

    Raises:
        UserError: `TUTORMAX_SCHEMA_PREFIX` is set, or the schema of the profile is not tutormax.
    """
    prefix = schema_prefix(target)
    if prefix:
        raise UserError(
            f"The schemas have the prefix {prefix} ({PREFIX_VARIABLE} or the schema of the "
            "profile), but raw and archive belong to everybody: unset it, or use a profile with "
            "the schema tutormax, to work on the warehouse itself."
        )


def refuse_other_raw() -> None:
    """Refuse to change rows of raw that belong to another loader.

    Raises:
        UserError: the vars say that raw is in another schema or database.
    """
    held = project_vars()
    if held["raw_schema"] != RAW_SCHEMA or held["raw_database"]:
        where = ".".join(filter(None, (held["raw_database"], held["raw_schema"])))
        raise UserError(
            f"Raw is in {where} (the vars raw_schema and raw_database), which another loader "
            "writes: delete the rows there, and build."
        )


def _profile_schema(target: StrEnum) -> str:
    """The schema that the profile gives a target: the one of `_invoke`."""
    file = Path(os.environ.get("DBT_PROFILES_DIR") or project_folder()) / "profiles.yml"
    try:
        outputs = yaml.safe_load(file.read_text(encoding="utf-8"))["tutormax"]["outputs"]
        schema = str(outputs[target.value]["schema"])
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise UserError(
            f"{file} has no target {target.value} of a profile tutormax with a schema: add it, "
            "or set DBT_PROFILES_DIR to another folder."
        ) from error
    return Environment().from_string(schema).render(env_var=_env_var)


def _env_var(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise UserError(f"The profile needs the environment variable {name}: set it.")
    return value


def render(target: Target, template: str) -> str:
    """Render a Jinja template in the dbt project, without a database.

    Raises:
        UserError: dbt cannot render it.
    """
    result = _invoke(
        target,
        *("compile", "--no-introspect", "--no-populate-cache"),
        *("--log-level", "none", "--inline", template),
    )
    compiled = result.result.results[0].node.compiled_code  # type: ignore[union-attr]
    return str(compiled)


def parse_project(target: Target) -> Manifest:
    """Return the parsed dbt project, without a database.

    Raises:
        UserError: dbt cannot parse it.
    """
    manifest: Manifest = _invoke(target, "parse").result  # type: ignore[assignment]
    return manifest


def run_operation(target: Target, name: str) -> None:
    """Run a macro of the dbt project as an operation.

    Raises:
        UserError: it fails.
    """
    _invoke(target, "run-operation", name)


def read_manifest(project: Path) -> dict[str, Any]:
    """Return dbt's manifest of a project as JSON, without a database.

    Raises:
        UserError: dbt cannot parse the project.
    """
    parsed = _invoke(Target.DUCKDB, "parse", project=project).result
    held = parsed.writable_manifest().to_dict(omit_none=False)  # type: ignore[union-attr]
    manifest: dict[str, Any] = json.loads(json.dumps(held, default=str))
    return manifest


def _invoke(target: Target, *words: str, project: Path | None = None) -> dbtRunnerResult:
    # The import takes seconds.
    from dbt.cli.main import dbtRunner  # noqa: PLC0415

    errors: list[str] = []

    def listen(event: Any) -> None:
        if event.info.level == "error":
            errors.append(event.info.msg)

    options = ["--quiet", "--no-write-json", "--log-level-file", "none", *words]
    options += dbt_options(target, project or project_folder())
    try:
        result = dbtRunner(callbacks=[listen]).invoke(options)
    finally:
        close_connections(target)
    if not result.success:
        said = errors or [str(result.exception or "it gave no reason")]
        raise UserError(f"dbt {words[0]} failed: {' '.join(' '.join(said).split())}")
    return result


def dbt_options(target: StrEnum, folder: Path) -> list[str]:
    """The options with which dbt finds the project in a folder, and its profile."""
    options = ["--target", target.value, "--project-dir", str(folder)]
    if "DBT_PROFILES_DIR" not in os.environ:
        options += ["--profiles-dir", str(folder)]
    return options


def close_connections(target: StrEnum) -> None:
    """Close the DuckDB file, which dbt keeps open, and locked, until the process ends."""
    if target == Target.DUCKDB:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415

        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]


def project_folder() -> Path:
    """The folder of the dbt project.

    Raises:
        UserError: the package is not in one.
    """
    folder = Path(tutormax.__file__).resolve().parents[1]
    if not (folder / "dbt_project.yml").is_file():
        raise UserError(f"The dbt project is not in {folder}: work in a copy of the repository.")
    return folder


def project_vars() -> dict[str, Any]:
    """The vars of dbt_project.yml, not rendered.

    Raises:
        UserError: the package is not in the dbt project.
    """
    written = yaml.safe_load((project_folder() / "dbt_project.yml").read_text(encoding="utf-8"))
    return dict(written["vars"])
