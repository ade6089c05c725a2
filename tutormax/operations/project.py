"""Access of the commands to the dbt project: SQL from its macros, operations, the manifest.

Retained totals must equal those of the models, so both use the same macro.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

import tutormax
from tutormax.errors import UserError
from tutormax.warehouse import Target

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

PREFIX_VARIABLE = "TUTORMAX_SCHEMA_PREFIX"


def refuse_prefix() -> None:
    """Refuse to work on a developer's copy, because it shares its raw tables with everybody.

    Raises:
        UserError: `TUTORMAX_SCHEMA_PREFIX` is set.
    """
    if os.environ.get(PREFIX_VARIABLE):
        raise UserError(
            f"{PREFIX_VARIABLE} is set, but raw and archive belong to everybody: "
            "unset it to work on the warehouse itself."
        )


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

    folder = project or project_folder()
    options = ["--quiet", "--no-write-json", "--log-level-file", "none", *words]
    options += ["--target", target.value, "--project-dir", str(folder)]
    if "DBT_PROFILES_DIR" not in os.environ:
        options += ["--profiles-dir", str(folder)]
    try:
        result = dbtRunner(callbacks=[listen]).invoke(options)
    finally:
        _close_connections(target)
    if not result.success:
        said = errors or [str(result.exception or "it gave no reason")]
        raise UserError(f"dbt {words[0]} failed: {' '.join(' '.join(said).split())}")
    return result


def _close_connections(target: Target) -> None:
    """Close the DuckDB file, which dbt keeps open until the process ends."""
    if target is Target.DUCKDB:
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
