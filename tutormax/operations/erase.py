"""`tutormax erase`: removes a person everywhere at once."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tutormax.errors import UserError
from tutormax.operations.leaving import (
    ALL_SCHEMAS,
    Column,
    Condition,
    Counts,
    ProjectSql,
    delete,
    delete_sources,
    has_key,
    in_records,
    is_on_leaving_session,
    prepare,
    project_sql,
    retain,
    tell_log,
)
from tutormax.operations.project import refuse_prefix
from tutormax.operations.transaction import (
    ARCHIVE,
    PUBLISHED,
    RAW,
    STAGING,
    Relation,
    Transaction,
    literal,
    place,
    transaction,
)
from tutormax.schema import KEYS
from tutormax.warehouse import Target

AUDIT_SCHEMA = "dbt_test__audit"
"""Where dbt stores failures of tests, if asked to."""

ERASED = "[erased]"


class Person(StrEnum):
    """The kinds of people that can be erased."""

    TUTOR = "tutor"
    STUDENT = "student"

    @property
    def table(self) -> str:
        """The source that describes the person."""
        return f"{self.value}s"

    @property
    def key(self) -> str:
        """The key of the person in every table."""
        return f"{self.value}_id"

    @property
    def facts(self) -> tuple[str, ...]:
        """The sources whose rows are about the person."""
        if self is Person.STUDENT:
            return ("sessions", "student_feedback")
        return ("sessions", "student_feedback", "tutor_events", "interventions")


def erase(
    person: Annotated[Person, typer.Argument(help="Who it is.", show_default=False)],
    identifier: Annotated[
        str, typer.Argument(metavar="ID", help="The tutor_id or student_id.", show_default=False)
    ],
    target: Annotated[
        Target, typer.Option(envvar="TUTORMAX_TARGET", help="The engine the warehouse is on.")
    ] = Target.DUCKDB,
) -> None:
    """Erase a tutor or a student everywhere: raw, archive, rejected and published rows.

    Metrics of tutors stay as they were when a student goes. Copies that developers made under a
    prefix of their own are theirs to erase.
    """
    counts = erase_person(person, identifier, target)
    table = Table(box=SIMPLE_HEAD)
    table.add_column("table")
    table.add_column("rows", justify="right")
    for name, count in counts.rows.items():
        if count:
            table.add_row(name, str(count))
    output = Console(soft_wrap=True, highlight=False)
    output.print(table)
    output.print(f"The {person.value} {identifier} is erased from {place(target)}.", markup=False)


def erase_person(person: Person, identifier: str, target: Target) -> Counts:
    """Erase a person in one transaction; return the numbers of rows deleted or redacted.

    Raises:
        UserError: nobody has that id, or the warehouse fails.
    """
    refuse_prefix()
    if not identifier.strip():
        raise UserError(f"The id is empty; name the {person.key} of the {person.value}.")
    sql = project_sql(target)
    with transaction(target) as tx:
        prepare(tx, sql)
        counts = _Erasure(tx, sql, person, identifier).run()
        if not counts.total():
            raise UserError(
                f"There is no {person.value} '{identifier}' in {place(target)}; nothing was erased."
            )
    return counts


class _Erasure:
    def __init__(self, tx: Transaction, sql: ProjectSql, person: Person, identifier: str) -> None:
        self._tx = tx
        self._sql = sql
        self._person = person
        self._id = identifier
        self._counts = Counts()
        self._names, self._emails = self._known_as()

    def run(self) -> Counts:
        tx, counts = self._tx, self._counts
        self._find_keys()
        conditions = self._conditions()
        retain(tx, self._sql, sums=self._person is Person.STUDENT)
        tell_log(tx, conditions)
        self._forget_archived_sessions()
        self._delete_everything_else()
        kind = "jsonb" if tx.target is Target.POSTGRES else "json"
        unread = in_records(conditions, f"cast(record as {kind})")
        delete(tx, Relation(RAW, "unreadable_rows"), unread, counts)
        delete(
            tx, Relation(PUBLISHED, "rejected_records"), in_records(conditions, "record"), counts
        )
        delete_sources(tx, conditions, counts, ALL_SCHEMAS)
        if counts.total():
            self._empty_audits()
            self._redact()
        return counts

    def _known_as(self) -> tuple[set[str], set[str]]:
        """All names and emails of any version of the person; emails in lower case.

        Not an email that now belongs to another tutor.
        """
        table = self._person.table
        found = [
            relation
            for relation in (Relation(schema, table) for schema in (RAW, ARCHIVE, PUBLISHED))
            if relation in self._tx.columns
        ]
        mine = f"{self._person.key} = {literal(self._id)}"

        def values(expression: str) -> set[str]:
            selects = [f"select {expression} from {where} where {mine}" for where in found]
            return {
                value
                for (value,) in self._tx.rows(" union ".join(selects))
                if value and value.strip()
            }

        names = values("name")
        if self._person is Person.STUDENT:
            return names, set()
        emails = values("lower(email)")
        if Relation(PUBLISHED, table) in self._tx.columns:
            others = f"select lower(email) from {Relation(PUBLISHED, table)} where not ({mine})"
            emails -= {email for (email,) in self._tx.rows(others)}
        return names, emails

    def _find_keys(self) -> None:
        """Store the keys that leave with all versions.

        A key leaves if a version is about the person, unless the accepted version is about somebody
        else: then only the versions about the person leave.
        """
        mine = f"{self._person.key} = {literal(self._id)}"
        for source in self._person.facts:
            key = KEYS[source]
            stands = Relation(PUBLISHED, source) in self._tx.columns
            selects = [
                f"select {key} as record_key from {relation} where {mine}"
                for relation in (Relation(RAW, source), Relation(PUBLISHED, source))
                if relation in self._tx.columns
            ]
            others = (
                f"and record_key not in (select {key} from {Relation(PUBLISHED, source)} "
                f"where not ({mine}))"
                if stands
                else ""
            )
            self._tx.change(
                f"insert into leaving_keys select '{source}', record_key "
                f"from ({' union '.join(selects)}) as found where trim(record_key) <> '' {others}"
            )

    def _conditions(self) -> dict[str, Condition]:
        """Which rows of each source leave; parents first."""

        def is_mine(column: Column) -> str:
            return f"{column(self._person.key)} = {literal(self._id)}"

        def is_described(column: Column) -> str:
            # Rows without an id that have the name, and all rows that have the email.
            return f"{is_mine(column)} or {self._is_known(column)}"

        conditions: dict[str, Condition] = {self._person.table: is_described}
        for source in self._person.facts:
            conditions[source] = self._about(source, is_mine)
        return conditions

    def _about(self, source: str, is_mine: Condition) -> Condition:
        is_whole = has_key(source)

        def condition(column: Column) -> str:
            said = f"{is_mine(column)} or {is_whole(column)}"
            on_session = source == "student_feedback"
            return f"{said} or {is_on_leaving_session(column)}" if on_session else said

        return condition

    def _is_known(self, column: Column) -> str:
        said = []
        if self._names:
            names = ", ".join(map(literal, sorted(self._names)))
            blank = f"trim(coalesce({column(self._person.key)}, '')) = ''"
            said.append(f"({blank} and {column('name')} in ({names}))")
        if self._emails:
            emails = ", ".join(map(literal, sorted(self._emails)))
            said.append(f"lower({column('email')}) in ({emails})")
        return " or ".join(said) or "false"

    def _forget_archived_sessions(self) -> None:
        delete(
            self._tx,
            Relation(ARCHIVE, "retained_sessions"),
            f"session_id in (select session_id from {Relation(ARCHIVE, 'sessions')} "
            f"where {self._person.key} = {literal(self._id)})",
            self._counts,
        )

    def _delete_everything_else(self) -> None:
        """Computed tables with the id of the person: totals, windows, metrics and more."""
        sources = {
            Relation(schema, f"stg_tutormax__{source}" if schema == STAGING else source)
            for schema in ALL_SCHEMAS
            for source in KEYS
        }
        for relation, columns in self._tx.columns.items():
            if relation not in sources and self._person.key in columns:
                mine = f"{self._person.key} = {literal(self._id)}"
                delete(self._tx, relation, mine, self._counts)

    def _empty_audits(self) -> None:
        """Empty the stored failures of tests, which are copies of rows."""
        for (name,) in self._tx.rows(
            "select table_name from information_schema.tables where table_type = 'BASE TABLE' "
            f"and table_schema = '{AUDIT_SCHEMA}' and table_catalog = current_database()"
        ):
            relation = Relation(AUDIT_SCHEMA, name)
            self._counts.add(relation, self._tx.change(f"delete from {relation}"))

    def _redact(self) -> None:
        """Replace the person's id, names and emails in other people's rows.

        Only distinctive ones: an id such as 7 or a name such as May stays.
        """
        words = [word for word in {self._id, *self._emails} if _is_distinctive(word)]
        words += [name for name in self._names if " " in name.strip() and _is_distinctive(name)]
        if not words:
            return
        alternatives = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
        # The engines' syntax lacks look-behind and Python's escapes of spaces.
        alternatives = re.sub(r"\\([ @#&~'\"%,:;<>=!`/-])", r"\1", alternatives)
        pattern = literal(rf"(^|[^[:alnum:]_-])({alternatives})($|[^[:alnum:]_-])")
        for relation, columns in self._tx.columns.items():
            for column in _FREE_TEXT & columns.keys():
                self._redact_column(relation, column, columns[column], pattern)

    def _redact_column(self, relation: Relation, column: str, kind: str, pattern: str) -> None:
        flags = "gi"
        text = f"cast({column} as varchar)"

        def cleaned(value: str) -> str:
            # Twice, because two mentions may share a space.
            for _ in range(2):
                value = f"regexp_replace({value}, {pattern}, '\\1{ERASED}\\3', '{flags}')"
            return value

        is_postgres = self._tx.target is Target.POSTGRES
        if kind in ("array", "varchar[]"):
            each = f"list_transform({column}, lambda word: {cleaned('word')})"
            if is_postgres:
                each = f"array(select {cleaned('word')} from unnest({column}) as words(word))"
            new = each
        elif kind in ("json", "jsonb"):
            new = f"cast({cleaned(text)} as {kind})"
        else:
            new = cleaned(column)
        found = f"{text} ~* {pattern}" if is_postgres else f"regexp_matches({text}, {pattern}, 'i')"
        if column == "record" and relation.schema == PUBLISHED:
            # Not records of others with the same name.
            found += " and source_table not in ('tutors', 'students')"
        changed = self._tx.change(f"update {relation} set {column} = {new} where {found}")
        if changed:
            self._counts.add(relation, changed)


_FREE_TEXT = {
    "assigned_to",
    "error",
    "free_text_feedback",
    "improvement_areas",
    "metadata",
    "notes",
    "record",
    "trigger_reason",
}
"""The columns in which one person's row may mention another."""


def _is_distinctive(word: str) -> bool:
    letters = any(character.isalpha() for character in word)
    return len(word) > 4 and letters and word.lower() != "false"
