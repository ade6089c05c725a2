"""`tutormax erase`: the command, and what it tells."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tutormax.errors import UserError
from tutormax.operations.erasing import Erased, Person, allow, erase_person, erase_returned
from tutormax.operations.leaving import Counts
from tutormax.operations.mentions import is_distinctive, words
from tutormax.options import TargetOption
from tutormax.warehouse import Target, place_of


def erase(  # noqa: PLR0917
    person: Annotated[Person | None, typer.Argument(help="Who it is.", show_default=False)] = None,
    identifier: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="The tutor_id or student_id.", show_default=False),
    ] = None,
    target: TargetOption = Target.DUCKDB,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go; change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    allow_again: Annotated[
        bool,
        typer.Option("--allow-again", help="Accept rows of an erased person again, if they come."),
    ] = False,
    returned: Annotated[
        bool,
        typer.Option(
            "--returned",
            help="Remove the values of erased people whose rows another loader brought back.",
        ),
    ] = False,
) -> None:
    """Erase a tutor or a student everywhere: raw, archive, rejected and published rows.

    Metrics of tutors stay as they were when a student goes. Later rows of the person are rejected.
    """
    if returned:
        if person or allow_again or dry_run:
            raise UserError("--returned is for all erased people: give it alone.")
        typer.echo(f"{erase_returned(target)} rows of erased people have lost their values.")
        return
    if person is None or identifier is None:
        raise UserError("Name the person: `tutormax erase (tutor|student) ID`.")
    if allow_again:
        allow(person, identifier, target)
        typer.echo(f"Rows of the {person.value} {identifier} are accepted again when they arrive.")
        return
    if not (yes or dry_run):
        if not sys.stdin.isatty():
            raise UserError(
                "An erasure cannot be undone: pass --yes, or --dry-run to see what would go."
            )
        _show(erase_person(person, identifier, target, dry_run=True).counts)
        typer.confirm(
            f"Erase the {person.value} {identifier} from {place_of(target)} for ever?", abort=True
        )
    found = erase_person(person, identifier, target, dry_run=dry_run)
    _show(found.counts)
    for sentence in _sentences(found, person, dry_run=dry_run):
        typer.echo(sentence)
    done = "would be erased from" if dry_run else "is erased from"
    typer.echo(f"The {person.value} {identifier} {done} {place_of(target)}.")


def _show(counts: Counts) -> None:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("table")
    table.add_column("rows", justify="right")
    for name, count in counts.rows.items():
        if count:
            table.add_row(name, str(count))
    Console(soft_wrap=True, highlight=False).print(table)


def _sentences(found: Erased, person: Person, *, dry_run: bool) -> list[str]:
    """What was not looked for, and what is left to people."""
    names = sorted(found.mentions.names)
    several = [name.split() for name in names if len(name.split()) > 1]
    unsought = sorted({f"'{told[0][0]}. {told[-1]}'" for told in several})
    unsought += sorted({f"'{told[0]} {told[-1]}'" for told in several if len(told) > 2})
    unsought += [f"'{part}' alone" for part in sorted({word for told in several for word in told})]
    unsought += [f"'{name}' inside a sentence" for name in names if len(words(name)) == 1]
    unsought += [f"'{name}', which many rows have" for name in sorted(found.common)]
    if not is_distinctive(found.mentions.identifier):
        unsought.append(f"the id '{found.mentions.identifier}' inside texts")
    result = [
        "Not looked for: misspellings, missing accents, nicknames, initials"
        f"{''.join(', ' + one for one in unsought)}."
    ]
    if found.others:
        listed = ", ".join(f"{other} ({why})" for other, why in sorted(found.others.items()))
        result.append(f"Other ids that may be the same person: {listed}. Erase them too if so.")
    if found.copies:
        result.append(
            f"Tables outside of the warehouse's schemas hold the {person.value} too: "
            f"{', '.join(found.copies)}. Build or drop them."
        )
    if found.made:
        verb = "would be removed" if dry_run else "were removed"
        result.append(f"Logs and pages with the {person.value} {verb}: {_listed(found.made)}.")
    if found.data:
        result.append(
            f"Files that may hold the {person.value}, for you to look at: {_listed(found.data)}. "
            "So may exports, pages in other folders, backups and the server's log."
        )
    return result


def _listed(paths: list[Path], limit: int = 10) -> str:
    more = f" and {len(paths) - limit} more" if len(paths) > limit else ""
    return ", ".join(map(str, paths[:limit])) + more
