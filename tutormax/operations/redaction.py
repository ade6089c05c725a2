"""Takes mentions of a person out of other people's rows, in every text, array and JSON."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tutormax.operations.leaving import Counts
from tutormax.operations.mentions import LIMITS, Mentions, as_long
from tutormax.operations.project import project_vars
from tutormax.operations.transaction import (
    ARCHIVE,
    PUBLISHED,
    RAW,
    STAGING,
    Relation,
    Transaction,
    literal,
)
from tutormax.schema import KEYS
from tutormax.warehouse import Target, quote

PEOPLE = ("tutors", "students")
_FACTS = KEYS.keys() - set(PEOPLE)
_FACT_KEYS = {KEYS[source] for source in _FACTS}
_IDS = {"tutor_id", "student_id"}
"""In rows as they arrived these may hold anything, elsewhere only ids of other people."""

_TEXTS = {"varchar", "character varying", "text"}
_ARRAYS = {"varchar[]", "text[]", "array"}
_JSON = {"json", "jsonb"}

COMMON = 20
"""A name of one word in so many cells of a column means something else there, such as Art."""


def redact(tx: Transaction, mentions: Mentions, counts: Counts) -> frozenset[str]:
    """Replace mentions everywhere and count the rows; return the names that stay, as too common."""
    common = _common(tx, mentions)
    kept = _ids_of_others(tx, mentions)
    _Redaction(tx, replace(mentions, names=mentions.names - common, kept=kept), counts).run()
    return common


def text_columns(tx: Transaction) -> Iterator[tuple[Relation, str, str]]:
    """Every column of a table of ours that may mention somebody, with its type."""
    for relation, columns in tx.columns.items():
        source = relation.name.removeprefix("stg_tutormax__")
        for column, kind in columns.items():
            if kind not in _TEXTS | _ARRAYS | _JSON:
                continue
            if column in _IDS and (source not in _FACTS or relation.schema == PUBLISHED):
                continue
            if source in PEOPLE and column in ("name", "email", "record_key"):
                continue
            yield relation, column, kind


def may_mention(tx: Transaction, mentions: Mentions, text: str) -> str:
    """The condition that a text may have a mention: true for some that have none."""
    is_postgres = tx.target is Target.POSTGRES
    bytes_of = "octet_length" if is_postgres else "strlen"
    lower = f'lower({text} collate "C")' if is_postgres else f"lower({text})"
    said = [f"{bytes_of}({text}) <> length({text})", f"strpos({text}, chr(92)) > 0"]
    said += [f"strpos({lower}, {literal(seed)}) > 0" for seed in mentions.seeds if seed.isascii()]
    key, identifier = literal(mentions.key), literal(mentions.identifier)
    said.append(f"strpos({text}, {key}) > 0 and strpos({text}, {identifier}) > 0")
    return f"({' or '.join(said)})"


def _common(tx: Transaction, mentions: Mentions) -> frozenset[str]:
    """The names of one word that also are values of the project or of many rows."""
    if not mentions.whole:
        return frozenset()
    values = {str(value).lower() for told in project_vars()["enums"].values() for value in told}
    found = {word for word in mentions.whole if word in values}
    for relation, column, kind in text_columns(tx):
        if kind in _TEXTS and _is_source(relation):
            for text, count in tx.rows(
                f"select {quote(column)}, count(*) from {relation} "
                f"where {may_mention(tx, mentions, quote(column))} group by 1"
            ):
                if count >= COMMON and mentions.is_whole(text):
                    found.add(text.strip().lower())
    return frozenset(name for name in mentions.names if name.strip().lower() in found)


def _ids_of_others(tx: Transaction, mentions: Mentions) -> frozenset[str]:
    """Ids of other people that look like a mention, and those of the other kind of person."""
    found = set()
    for source in PEOPLE:
        key = KEYS[source]
        for schema in (RAW, ARCHIVE):
            found |= {
                identifier
                for (identifier,) in tx.rows(
                    f"select distinct {key} from {Relation(schema, source)} "
                    f"where {may_mention(tx, mentions, key)}"
                )
                if (key, identifier) != (mentions.key, mentions.identifier)
            }
    return frozenset(found)


def _is_source(relation: Relation) -> bool:
    """Return whether a table has rows as they arrived, and not the project's own words."""
    name = relation.name.removeprefix("stg_tutormax__")
    return name in KEYS or name in ("rejected_records", "unreadable_rows")


class _Redaction:
    def __init__(self, tx: Transaction, mentions: Mentions, counts: Counts) -> None:
        self._tx = tx
        self._mentions = mentions
        self._counts = counts

    def run(self) -> None:
        columns = list(text_columns(self._tx))
        self._rename_keys(columns)
        rejected = self._tx.versions(Relation(PUBLISHED, "rejected_records"))
        for relation, column, kind in columns:
            if column == "record":
                people = f"source_table in ({', '.join(map(literal, PEOPLE))})"
                self._redact(relation, column, kind, people, name_stays=True)
                self._redact(relation, column, kind, f"not {people}")
            elif relation in rejected and column == "record_key":
                people = f"source_table in ({', '.join(map(literal, PEOPLE))})"
                self._redact(relation, column, kind, f"not {people}")
            else:
                self._redact(relation, column, kind, "true")
        self._tell_staging()

    def _tell_staging(self) -> None:
        """Let the next build recompute rows with new keys, because ids are made from them."""
        log = Relation(STAGING, "build_log")
        keys = ", ".join(map(literal, self._mentions.renamed.values()))
        for relation, columns in self._tx.columns.items() if keys else ():
            if relation.schema == STAGING and "changed_in_build" in columns:
                self._tx.change(
                    f"update {relation} set changed_in_build = (select max(build_number) "
                    f"from {log}) where record_key in ({keys})"
                )

    def _rename_keys(self, columns: Sequence[tuple[Relation, str, str]]) -> None:
        """Give rows whose keys name the person new keys, the same in every table."""
        renamed = self._mentions.renamed
        schemas = (RAW, ARCHIVE, STAGING, PUBLISHED)
        for relation, column, _ in columns:
            if column in _FACT_KEYS and relation.schema in schemas:
                for key, _ in self._candidates(relation, column, "true"):
                    if self._mentions.redacted(key, whole=False) != key:
                        renamed[key] = as_long(key, f"[erased {secrets.token_hex(4)}]")
        sessions, ratings = (
            self._tx.versions(Relation(PUBLISHED, name))
            for name in ("sessions", "student_feedback")
        )
        for old, new in renamed.items():
            if len(new) > LIMITS[0]:
                continue  # too long to be published
            mine = f"where session_id = {literal(old)}"
            for published in sessions:
                # Before its feedback refers to it; a key that is referred to cannot change.
                names = [name for name in self._tx.columns[published] if name != "session_id"]
                listed = ", ".join(map(quote, names))
                moved = self._tx.change(
                    f"insert into {published} (session_id, {listed}) "
                    f"select {literal(new)}, {listed} from {published} {mine}"
                )
                if moved:
                    self._counts.add(published, moved)
            for feedback in ratings if sessions else []:
                self._tx.change(f"update {feedback} set session_id = {literal(new)} {mine}")
            for published in sessions:
                self._tx.change(f"delete from {published} {mine}")

    def _candidates(
        self, relation: Relation, column: str, condition: str
    ) -> Sequence[tuple[Any, ...]]:
        text = f"cast({quote(column)} as varchar)"
        return self._tx.rows(
            f"select distinct {quote(column)}, {text} from {relation} where {condition} "
            f"and {may_mention(self._tx, self._mentions, text)}"
        )

    def _redact(
        self,
        relation: Relation,
        column: str,
        kind: str,
        condition: str,
        *,
        name_stays: bool = False,
    ) -> None:
        clean = self._mentions.redacted
        whole = _is_source(relation)
        changes = []
        for value, text in self._candidates(relation, column, condition):
            if kind in _ARRAYS:
                new = [word and clean(word, whole=whole) for word in value]
                if new != value:
                    changes.append((text, self._array(new)))
                continue
            cleaned = clean(text, whole=whole, name_stays=name_stays)
            if cleaned != text:
                changes.append((text, f"cast({literal(cleaned)} as {kind})"))
        if changes:
            values = ", ".join(f"({literal(old)}, {new})" for old, new in changes)
            changed = self._tx.change(
                f"update {relation} as mentioning set {quote(column)} = changes.new "
                f"from (values {values}) as changes (old, new) "
                f"where {condition} "
                f"and cast(mentioning.{quote(column)} as varchar) = changes.old"
            )
            self._counts.add(relation, changed)

    def _array(self, values: Sequence[str | None]) -> str:
        listed = ", ".join("null" if value is None else literal(value) for value in values)
        if self._tx.target is Target.POSTGRES:
            return f"cast(array[{listed}] as varchar[])"
        return f"cast([{listed}] as varchar[])"
