"""The two SELECTs that part a file's rows into those that fit their raw table and the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import duckdb
from sqlalchemy import Table

from tutormax.load.columns import kinds, names
from tutormax.load.convert import Conversion, absent, convert, sql_text
from tutormax.load.json_numbers import marked, string_of_marked
from tutormax.load.readers import Reading
from tutormax.load.repeated_keys import with_keys_gathered
from tutormax.operations.tombstones import ERASED_ERROR, is_of_erased
from tutormax.schema import LOADED_AT, unreadable_rows
from tutormax.warehouse import quote

_SHOWN_CHARACTERS = 100


@dataclass(frozen=True)
class Statements:
    """DuckDB queries over one file; every row of the file is in the result of exactly one.

    `fitting` has the columns of the raw table, `unreadable` and `erased` those of
    `raw.unreadable_rows`. `texts` has a query for each column of the file: its values as `text`,
    and whether each is a `fault`.
    """

    fitting: str
    unreadable: str
    texts: dict[str, str]
    erased: str | None = None


def part_rows(table: Table, reading: Reading, loaded_at: datetime) -> Statements:
    """Statements for a file of `table`.

    Rows that bring no `_loaded_at` of their own get the instant `loaded_at`, which has a zone.
    """
    stamp = f"TIMESTAMPTZ '{loaded_at.isoformat()}'"
    column_kinds = kinds(table)
    conversions = {
        name: convert(kind, reading.columns[name]) if name in reading.columns else absent(kind)
        for name, kind in column_kinds.items()
    }
    guesses = {name: f"g{position}" for position, name in enumerate(column_kinds)}
    values = {name: f"v{position}" for position, name in enumerate(column_kinds)}
    faults = {
        name: conversions[name].unreadable.replace("{value}", values[name])
        for name in reading.columns
    }
    rows = _judged_rows(
        reading.relation,
        conversions,
        guesses,
        values,
        [*faults.values(), *(["repeats"] if reading.has_documents else [])],
    )
    arrived = f"coalesce({values[LOADED_AT]}, {stamp})"
    fitting = ", ".join(
        f"{arrived if name == LOADED_AT else value} AS {quote(name)}"
        for name, value in values.items()
    )
    record = _record({name: conversions[name].text for name in faults})
    expected = {name: reading.columns[name].expected or column_kinds[name] for name in faults}
    error = _errors(faults, conversions, expected)
    if reading.has_documents:
        # json_extract: Python, which gathers, takes no comma with nothing after it.
        gathered = with_keys_gathered(f"json_extract(({marked('document::VARCHAR')})::JSON, '$')")
        both = _record(
            {
                name: string_of_marked(gathered, column.path) if column.path else column.ref
                for name, column in reading.columns.items()
            }
        )
        record = f"CASE WHEN repeats THEN {both} ELSE {record} END"
        error = f"CASE WHEN repeats THEN 'a key is given twice' ELSE {error} END"
    unreadable = {
        "source_table": f"'{table.name}'",
        "record": record,
        "error": error,
        LOADED_AT: arrived,
    }
    listed = ", ".join(f"{unreadable[name]} AS {quote(name)}" for name in names(unreadable_rows))
    return Statements(
        fitting=f"SELECT {fitting} FROM {rows} WHERE NOT faulty",
        unreadable=f"SELECT {listed} FROM {rows} WHERE faulty",
        texts={
            name: f"SELECT {conversions[name].text} AS text, {fault} AS fault FROM {rows}"
            for name, fault in faults.items()
        },
    )


def with_erased_apart(table: Table, statements: Statements, tombstones: str) -> Statements:
    """The statements with rows of erased people in `erased`, which has none of their values.

    Args:
        tombstones: the DuckDB table with their keyed hashes.
    """
    is_erased = is_of_erased(table, tombstones)
    is_unread = is_of_erased(table, tombstones, "(CAST(record AS JSON) ->> '{}')")
    values = {"source_table": table.name, "record": "{}", "error": ERASED_ERROR}
    listed = ", ".join(f"'{value}' AS {name}" for name, value in values.items())
    nothing = f"SELECT {listed}, {LOADED_AT} FROM"
    return replace(
        statements,
        fitting=f"SELECT * FROM ({statements.fitting}) WHERE NOT {is_erased}",
        unreadable=f"SELECT * FROM ({statements.unreadable}) WHERE NOT {is_unread}",
        erased=f"{nothing} ({statements.fitting}) WHERE {is_erased} "
        f"UNION ALL {nothing} ({statements.unreadable}) WHERE {is_unread}",
    )


def most_frequent(con: duckdb.DuckDBPyConnection, statements: Statements) -> tuple[str, ...]:
    """The three most frequent reasons why rows are unreadable, by column, each with an example."""
    rows = con.execute(
        "SELECT split_part(error, ': ', 1), count(*), min(error) "
        f"FROM ({statements.unreadable}) GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT 3"
    ).fetchall()
    return tuple(f"{count} of {example}" for _, count, example in rows)


def _judged_rows(
    relation: str,
    conversions: dict[str, Conversion],
    guesses: dict[str, str],
    values: dict[str, str],
    faults: list[str],
) -> str:
    """The file's rows with their guesses, then their values, then whether they are `faulty`."""
    guessed = ", ".join(f"{conversions[name].guess} AS {guess}" for name, guess in guesses.items())
    converted = ", ".join(
        f"{conversions[name].value.replace('{guess}', guesses[name])} AS {value}"
        for name, value in values.items()
    )
    # Never true; but a volatile term keeps the optimiser from moving the filter on `faulty` below
    # the conversions, where it would compute each of them a second time.
    barrier = "random() > 2"
    return (
        f"(SELECT *, {' OR '.join([*faults, barrier])} AS faulty FROM "
        f"(SELECT *, {converted} FROM (SELECT *, {guessed} FROM {relation})))"
    )


def _storable(text: str) -> str:
    # A NUL character has no place in PostgreSQL's text; the record shows it as six visible ones.
    return f"replace({text}, chr(0), '\\u0000')"


def _record(texts: dict[str, str]) -> str:
    pairs = ", ".join(f"'{name}', {_storable(text)}" for name, text in texts.items())
    return f"json_object({pairs})::VARCHAR"


def _errors(
    faults: dict[str, str], conversions: dict[str, Conversion], expected: dict[str, str]
) -> str:
    sentences = []
    for name, fault in faults.items():
        text = _storable(conversions[name].text)
        shown = (
            f"CASE WHEN length({text}) > {_SHOWN_CHARACTERS} "
            f"THEN left({text}, {_SHOWN_CHARACTERS}) || '…' ELSE {text} END"
        )
        verdict = sql_text(f"' is not {expected[name]}")
        sentences.append(f"CASE WHEN {fault} THEN '{name}: ''' || {shown} || {verdict} END")
    return f"concat_ws('; ', {', '.join(sentences)})"
