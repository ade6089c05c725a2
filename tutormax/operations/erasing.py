"""Erases a person in one transaction, then from storage and files."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

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
from tutormax.operations.mentions import Mentions, folded, others_alike, words_in_any_order
from tutormax.operations.project import refuse_other_raw, refuse_prefix
from tutormax.operations.redaction import redact
from tutormax.operations.tombstones import bury, forget_returned, lift
from tutormax.operations.traces import copies, files, forget_bytes
from tutormax.operations.transaction import (
    ARCHIVE,
    PUBLISHED,
    RAW,
    STAGING,
    Relation,
    Transaction,
    literal,
    transaction,
)
from tutormax.schema import KEYS
from tutormax.warehouse import Target, place_of

AUDIT_SCHEMA = "dbt_test__audit"
"""Where dbt stores failures of tests, if asked to."""


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


@dataclass
class Erased:
    """What an erasure did, and what it leaves to people.

    `others` are ids that may be the same person, `copies` tables of others that hold the person,
    `common` names that mean something else too, `made` files of ours with the person, `data` files
    of data that may have them.
    """

    mentions: Mentions
    counts: Counts = field(default_factory=Counts)
    others: dict[str, str] = field(default_factory=dict)
    copies: list[str] = field(default_factory=list)
    common: frozenset[str] = frozenset()
    made: list[Path] = field(default_factory=list)
    data: list[Path] = field(default_factory=list)


def erase_person(
    person: Person, identifier: str, target: Target, *, dry_run: bool = False
) -> Erased:
    """Erase a person in one transaction, then from storage and files.

    Raises:
        UserError: nobody has that id, or the warehouse fails.
    """
    refuse_prefix(target)
    refuse_other_raw()
    if not identifier.strip():
        raise UserError(f"The id is empty; name the {person.key} of the {person.value}.")
    sql = project_sql(target)
    with transaction(target) as tx:
        tx.keep = not dry_run
        prepare(tx, sql)
        found = _Erasure(tx, sql, person, identifier).run()
        if not found.counts.total():
            raise UserError(
                f"There is no {person.value} '{identifier}' in {place_of(target)}; "
                "nothing was erased."
            )
    found.made, found.data = files(found.mentions)
    if not dry_run:
        forget_bytes(target, [name for name, count in found.counts.rows.items() if count])
        for file in found.made:
            file.unlink(missing_ok=True)
    return found


def erase_returned(target: Target) -> int:
    """Remove the values of erased people whose rows came back to raw; return how many rows.

    Raises:
        UserError: the warehouse fails.
    """
    refuse_prefix(target)
    refuse_other_raw()
    sql = project_sql(target)
    touched = [Relation(RAW, source) for source in (*KEYS, "unreadable_rows")]
    with transaction(target) as tx:
        prepare(tx, sql)
        rows = forget_returned(tx, sql.loaded_at)
        # The next build validates what is in raw now.
        for relation in (
            *(Relation(STAGING, f"stg_tutormax__{source}") for source in KEYS),
            *tx.versions(Relation(PUBLISHED, "rejected_records")),
        ):
            if relation in tx.columns:
                tx.change(f"delete from {relation} where 'erased' = any(reasons)")
                touched.append(relation)
    forget_bytes(target, [f"{relation.schema}.{relation.name}" for relation in touched])
    return rows


def allow(person: Person, identifier: str, target: Target) -> None:
    """Let rows of an erased person be accepted again, from the next build on.

    Raises:
        UserError: nobody with that id was erased, or the warehouse fails.
    """
    refuse_prefix(target)
    refuse_other_raw()
    sql = project_sql(target)
    with transaction(target) as tx:
        prepare(tx, sql)
        if not lift(tx, person.key, identifier):
            raise UserError(
                f"No {person.value} '{identifier}' was erased from {place_of(target)}; "
                "nothing was changed."
            )


class _Erasure:
    def __init__(self, tx: Transaction, sql: ProjectSql, person: Person, identifier: str) -> None:
        self._tx = tx
        self._sql = sql
        self._person = person
        self._id = identifier
        self._counts = Counts()
        people = self._people()
        self._mentions = self._known_as(people)
        self._names, self._emails = self._spellings(people)
        self._others = others_alike(people, self._mentions)

    def run(self) -> Erased:
        tx, counts = self._tx, self._counts
        self._find_keys()
        conditions = self._conditions()
        retain(tx, self._sql, sums=self._person is Person.STUDENT)
        tell_log(tx, conditions)
        self._forget_archived_sessions()
        self._delete_everything_else()
        delete(tx, Relation(RAW, "unreadable_rows"), in_records(conditions, self._unread()), counts)
        delete(
            tx, Relation(PUBLISHED, "rejected_records"), in_records(conditions, "record"), counts
        )
        delete_sources(tx, conditions, counts, ALL_SCHEMAS)
        found = Erased(self._mentions, counts, self._others)
        if counts.total():
            self._empty_audits()
            if self._person is Person.TUTOR:
                self._tell_changes()
            found.common = redact(tx, self._mentions, counts)
            found.copies = copies(tx, self._mentions)
            bury(tx, self._person.key, self._id, self._mentions.emails)
        return found

    def _tell_changes(self) -> None:
        """Let the next build recompute what sums up predictions: the tutor's are gone."""
        changes, log = Relation(STAGING, "change_log"), Relation(STAGING, "build_log")
        if changes in self._tx.columns and log in self._tx.columns:
            self._tx.change(
                f"insert into {changes} (build_number, subject, first_changed_day) "
                f"select max(build_number), 'erased', date '0001-01-01' from {log}"
            )

    def _unread(self) -> str:
        return f"cast(record as {'jsonb' if self._tx.target is Target.POSTGRES else 'json'})"

    def _people(self) -> list[tuple[str, str, str]]:
        """The ids, names and emails of all people of the kind, in every version, unread too."""
        table = self._person.table
        named = [self._person.key, "name"]
        if self._person is Person.TUTOR:
            named.append("email")
        selects = []
        for schema in ALL_SCHEMAS:
            relation = Relation(schema, f"stg_tutormax__{table}" if schema == STAGING else table)
            if relation in self._tx.columns:
                selects.append(f"select {', '.join(named)} from {relation}")
        for relation, record in (
            (Relation(RAW, "unreadable_rows"), self._unread()),
            (Relation(PUBLISHED, "rejected_records"), "record"),
        ):
            if relation in self._tx.columns:
                members = ", ".join(f"({record} ->> '{name}')" for name in named)
                selects.append(f"select {members} from {relation} where source_table = '{table}'")
        found = self._tx.rows(" union ".join(selects))
        return [
            (identifier or "", name or "", email[0] or "" if email else "")
            for identifier, name, *email in found
        ]

    def _known_as(self, people: list[tuple[str, str, str]]) -> Mentions:
        """All names and emails of any version of the person.

        Not an email that now belongs to another tutor.
        """
        mine = [(name, email) for identifier, name, email in people if identifier == self._id]
        emails = {email.strip() for _, email in mine if "@" in email}
        published = self._tx.published(self._person.table)
        if emails and published in self._tx.columns:
            others = self._tx.rows(
                f"select email from {published} "
                f"where email is not null and {self._person.key} <> {literal(self._id)}"
            )
            taken = {folded(email).strip() for (email,) in others}
            emails = {email for email in emails if folded(email) not in taken}
        names = frozenset(name.strip() for name, _ in mine if name.strip())
        return Mentions(self._person.key, self._id, names, frozenset(emails))

    def _spellings(self, people: list[tuple[str, str, str]]) -> tuple[set[str], set[str]]:
        """The names and emails as they are written, of rows without an id too."""
        names = set(map(words_in_any_order, self._mentions.names))
        emails = set(map(folded, self._mentions.emails))
        return (
            {name for _, name, _ in people if name.strip() and words_in_any_order(name) in names},
            {email for _, _, email in people if email and folded(email).strip() in emails},
        )

    def _find_keys(self) -> None:
        """Store the keys that leave with all versions.

        A key leaves if a version is about the person, unless the accepted version is about somebody
        else: then only the versions about the person leave.
        """
        mine = f"{self._person.key} = {literal(self._id)}"
        for source in self._person.facts:
            key = KEYS[source]
            stands = self._tx.published(source) in self._tx.columns
            selects = [
                f"select {key} as record_key from {relation} where {mine}"
                for relation in (Relation(RAW, source), self._tx.published(source))
                if relation in self._tx.columns
            ]
            others = (
                f"and record_key not in (select {key} from {self._tx.published(source)} "
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
            said.append(f"{column('email')} in ({emails})")
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
