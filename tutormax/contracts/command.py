"""`tutormax contracts`: write the contracts of the published models, or check them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tutormax.contracts.files import FOLDER, read_before, stale, write
from tutormax.errors import UserError
from tutormax.operations.project import project_folder, project_vars, read_manifest

if TYPE_CHECKING:
    from tutormax.contracts.odcs import Contract


def contracts(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: find stale files and broken contracts.")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(
            help="Check against the contracts of this folder or commit. "
            "[default: where this branch left origin/main]"
        ),
    ] = None,
) -> None:
    """Write the contracts of the published models to contracts/ (Open Data Contract Standard)."""
    project = project_folder()
    if check or against is not None:
        made = check_contracts(project, against)
        print(f"{len(made)} contracts are up to date and break none of those before.")
    else:
        made = current_contracts(project)
        write(project / FOLDER, made)
        print(f"{len(made)} contracts are in {project / FOLDER}.")


def current_contracts(project: Path) -> dict[str, Contract]:
    """The contracts of the current dbt project by file name.

    Raises:
        UserError: dbt cannot parse the project, or a published model has no key.
    """
    # dbt takes seconds to import.
    from tutormax.contracts.odcs import contracts_of  # noqa: PLC0415

    return contracts_of(read_manifest(project), project_vars())


def check_contracts(project: Path, against: str | None) -> dict[str, Contract]:
    """The current contracts, if the files are up to date and break no previous contract.

    Raises:
        UserError: a file is stale or a change breaks a contract; all changes are printed.
    """
    from tutormax.contracts.breaking import breaking_changes  # noqa: PLC0415

    made = current_contracts(project)
    today = datetime.now(UTC).date()
    changes = breaking_changes(read_before(project, against), made.values(), today)
    for change in changes:
        Console(stderr=True, soft_wrap=True, highlight=False).print(change, markup=False)
    if changes:
        raise UserError(
            f"{len(changes)} change{'s break' if len(changes) > 1 else ' breaks'} a contract: undo "
            "it, or give the model a new version and the old one a deprecation_date "
            "(docs/production.md, Contracts)."
        )
    if names := stale(project / FOLDER, made):
        raise UserError(
            f"Stale in {project / FOLDER}: {', '.join(names)}; "
            "run `make contracts` and commit what it writes."
        )
    return made
