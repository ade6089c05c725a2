"""SQL that turns what a file holds into what a raw column holds, never failing on a value.

Every conversion is a DuckDB expression, so that all targets read a value the same way. It gives
NULL where the value does not fit; whether that NULL is a fault or an absent value is what
`Conversion.unreadable` says.
"""

from __future__ import annotations

from dataclasses import dataclass

from tutormax.load.columns import Kind
from tutormax.load.json_numbers import (
    REWRITTEN,
    compact,
    computed_once,
    is_rewritten,
    numbers_quoted,
)
from tutormax.load.repeated_keys import nests_too_deep, repeats_a_key

_SQL_TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.INTEGER: "INTEGER",
    Kind.DOUBLE: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
    Kind.ARRAY: "VARCHAR[]",
    Kind.JSON: "JSON",
}
_INTEGERS = {
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
}
_FLOATS = {"FLOAT", "DOUBLE"}
_NAIVE_TIMES = {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"}
_ZONED_TIMES = {"TIMESTAMP WITH TIME ZONE"}
_NANOSECONDS = {"TIMESTAMP_NS", "TIMESTAMPTZ_NS"}

# DuckDB reads 1_000 and 0x10 as numbers; a file that holds them means something else.
_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_NOT_FINITE = r"(?i)[+-]?(nan|inf|infinity)"

# The instants that are accepted, whatever else DuckDB may read: a day of a year of four digits, a
# time, and UTC, an offset within 18 hours or a region. BST and other abbreviations are ambiguous.
_DAY = r"[0-9]{4}(?:-[0-9]{1,2}-[0-9]{1,2}|/[0-9]{1,2}/[0-9]{1,2})"
_TIME = r"(?:T|\s+)[0-9]{1,2}:[0-9]{1,2}(?::[0-9]{1,2}(?:\.[0-9]*)?)?"
OFFSET = r"[+-](?:(?:0?[0-9]|1[0-7])(?::?[0-5][0-9]){0,2}|18(?::?00){0,2})"
REGION = r"[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+"
_INSTANT = rf"{_DAY}(?:{_TIME}(?:\s*(?:(?i:Z|UTC|GMT)|{OFFSET}|{REGION}))?)?"

# An element of a PostgreSQL array literal: quoted, or bare without braces, commas, outer blanks.
_ELEMENT = (
    r'(?:"(?:[^"\\]|\\.)*"'
    r'|(?:[^"\\{},\s]|\\.)(?:(?:[^"\\{},]|\\.)*(?:[^"\\{},\s]|\\.))?)'
)
_PG_ARRAY = rf"(?s)\{{\s*(?:{_ELEMENT}\s*(?:,\s*{_ELEMENT}\s*)*)?\}}"

# DuckDB's JSON reader lets through what PostgreSQL's jsonb refuses: NUL, not-a-number, infinities,
# numbers beyond its numeric type, and nesting deep enough to exhaust its stack.
_NUL_ESCAPE = r"(^|[^\\])(\\\\)*\\u0000"
_HOSTILE_JSON = r"(?i)nan|inf|e[+-]?[0-9]{4}|[0-9]{1000}"
_OPEN_COMMA = r",\s*[\]}]"
_JSON_STRING = r'"(?:[^"\\]|\\.)*"'
# What is worth a closer look, wherever it stands: one pattern takes less time than several.
_UNLIKELY_JSON = rf"(?i:nan|inf|e[+-]?[0-9]{{4}})|\\u0000|{_OPEN_COMMA}|{REWRITTEN}"


@dataclass(frozen=True)
class SourceColumn:
    """One column as a reader hands it over: a DuckDB expression and its type.

    `sql_type` is a DuckDB type name; VARCHAR means the value's text. `nested` is an expression that
    is true where that text stands for an object or an array of the file (JSON only).

    A mapping may change what is read. Then `text` is the file's own text, `present` is true where
    it does not stand for null, and `expected` finishes the sentence "'x' is not …". `zone` is the
    time zone of times without one. `path` finds the value in the document (JSON only).
    """

    ref: str
    sql_type: str = "VARCHAR"
    nested: str | None = None
    text: str | None = None
    present: str | None = None
    expected: str | None = None
    zone: str = "UTC"
    path: str | None = None


@dataclass(frozen=True)
class Conversion:
    """DuckDB expressions that make a raw column of a file's column.

    `guess` is a first, cheap conversion. `value` is the column's value; in it, `{guess}` stands for
    the guess once computed. `unreadable`, never NULL, tells whether the file's value does not fit;
    in it, `{value}` stands for the value once computed. `text` is the file's value as text.
    """

    guess: str
    value: str
    unreadable: str
    text: str


def absent(kind: Kind) -> Conversion:
    """Conversion for a column that the file does not have: NULL, never unreadable."""
    return Conversion("NULL", f"NULL::{_SQL_TYPES[kind]}", "false", "NULL::VARCHAR")


def convert(kind: Kind, source: SourceColumn) -> Conversion:
    """Conversion of a file's column into a raw column of `kind`."""
    text = as_text(source)
    shown = source.text or text
    if kind is Kind.TEXT:
        return _to_text(source, text, shown)
    present = source.present or f"{source.ref} IS NOT NULL"
    unreadable = f"({present} AND {{value}} IS NULL)"
    native = _from_native(kind, source)
    if native is not None:
        return Conversion(*native, unreadable, shown)
    guess, value = _from_text(kind, text, source.zone)
    if kind in (Kind.ARRAY, Kind.JSON):
        # The JSON word null is an absent value, not a fault. AND would trim every text.
        is_word = f"{trim(text)} IS DISTINCT FROM 'null'"
        unreadable = f"CASE WHEN {unreadable} THEN {is_word} ELSE false END"
    return Conversion(guess, value, unreadable, shown)


def _to_text(source: SourceColumn, text: str, shown: str) -> Conversion:
    faults = [f"contains({text}, chr(0))"]
    if source.nested is not None:
        faults.append(source.nested)
    if _is_nested(source.sql_type):
        faults.append(f"{source.ref} IS NOT NULL")
    if source.present is not None:
        faults.append(f"{source.present} AND {text} IS NULL")
    return Conversion("NULL", text, f"coalesce({' OR '.join(faults)}, false)", shown)


def _is_nested(sql_type: str) -> bool:
    return sql_type.endswith("]") or sql_type.startswith(("STRUCT", "MAP", "UNION", "VARIANT"))


def as_text(source: SourceColumn) -> str:
    """DuckDB expression: the text of a column as the reader hands it over."""
    if source.sql_type == "VARCHAR":
        return source.ref
    if _is_nested(source.sql_type):
        return f"to_json({source.ref})::VARCHAR"
    return f"{source.ref}::VARCHAR"


def _from_native(kind: Kind, source: SourceColumn) -> tuple[str, str] | None:
    """Guess and value without a detour over text, where the file's type has one."""
    ref, sql_type = source.ref, source.sql_type
    guess, value = None, "{guess}"
    if kind is Kind.INTEGER and sql_type in _INTEGERS:
        guess = f"TRY_CAST({ref} AS INTEGER)"
    elif kind is Kind.INTEGER and sql_type in _FLOATS:
        guess = f"CASE WHEN {ref} = trunc({ref}) THEN TRY_CAST({ref} AS INTEGER) END"
    elif kind is Kind.DOUBLE and sql_type in _FLOATS | _INTEGERS:
        guess = f"{ref}::DOUBLE"
    elif kind is Kind.BOOLEAN and sql_type == "BOOLEAN":
        guess = ref
    elif kind is Kind.TIMESTAMP and sql_type in _ZONED_TIMES:
        guess, value = f"TRY_CAST({ref} AS TIMESTAMPTZ)", _within_calendar("{guess}")
    elif kind is Kind.TIMESTAMP and sql_type in _NAIVE_TIMES:
        guess = in_zone(f"TRY_CAST({ref} AS TIMESTAMP)", source.zone)
        value = _within_calendar("{guess}")
    elif kind is Kind.TIMESTAMP and sql_type in _NANOSECONDS:
        # A cast would round, and 23:59:59.9999999 is not the next day. `//` cuts towards zero.
        whole = f"epoch_ns({ref}) - (epoch_ns({ref}) % 1000 + 1000) % 1000"
        guess, value = f"make_timestamptz(({whole}) // 1000)", _within_calendar("{guess}")
        if sql_type == "TIMESTAMP_NS" and source.zone != "UTC":
            guess = in_zone(f"timezone('UTC', {guess})", source.zone)
    elif kind is Kind.ARRAY and sql_type == "VARCHAR[]":
        guess, value = ref, _without_nul("{guess}")
    return None if guess is None else (guess, value)


def _from_text(kind: Kind, text: str, zone: str) -> tuple[str, str]:
    """Guess and value of a text; the value looks closer only where the guess has failed."""
    trimmed = trim(text)
    if kind is Kind.ARRAY:
        return array_from_text(trimmed), _without_nul("{guess}")
    if kind is Kind.JSON:
        # json_extract writes the document without its blanks, so all formats give the same text.
        likely = f"NOT regexp_matches({text}, '{_UNLIKELY_JSON}') AND length({text}) < 900"
        value = (
            f"CASE WHEN {{guess}} IS NULL THEN CASE WHEN {text} IS NOT NULL THEN "
            f"{computed_once(text, _json_from_text)} END WHEN {{guess}}::VARCHAR <> 'null' "
            f"AND NOT {repeats_a_key('{guess}')} THEN {{guess}} END"
        )
        return f"CASE WHEN {likely} THEN json_extract(TRY_CAST({text} AS JSON), '$') END", value
    guess = f"TRY_CAST({text} AS {_SQL_TYPES[kind]})"
    if kind is Kind.INTEGER:
        # DuckDB would round 3.5, and read 1_000 and 0x10.
        number = f"TRY_CAST({trimmed} AS DOUBLE)"
        return guess, (
            f"CASE WHEN {{guess}}::VARCHAR = {text} THEN {{guess}} "
            f"WHEN {{guess}} IS NOT NULL AND regexp_full_match({text}, '[+-]?[0-9]+') "
            "THEN {guess} "
            f"WHEN regexp_full_match({trimmed}, '{_NUMBER}') AND {number} = trunc({number}) "
            f"THEN TRY_CAST({number} AS INTEGER) END"
        )
    if kind is Kind.DOUBLE:
        # A number too large for a double becomes an infinity that the file does not hold.
        return guess, (
            f"CASE WHEN isfinite({{guess}}) THEN CASE WHEN NOT contains({text}, '_') "
            "THEN {guess} END "
            f"WHEN regexp_full_match({trimmed}, '{_NOT_FINITE}') THEN {{guess}} END"
        )
    if kind is Kind.BOOLEAN:
        # One long term and not several alike: the optimiser computes like terms for every row.
        whole = rf"regexp_replace({trimmed}, '^([01])\.0$', '\1')"
        return guess, f"coalesce({{guess}}, TRY_CAST({whole} AS BOOLEAN))"
    return guess, _instant_from_text(text, trimmed, zone)


def _instant_from_text(text: str, trimmed: str, zone: str) -> str:
    # DuckDB takes no blank before an offset, no UTC without one, and no small letters.
    closed_up = rf"regexp_replace({trimmed}, '\s+([+-][0-9])', '\1')"
    closed_up = rf"regexp_replace({closed_up}, '([0-9.])\s*(?i:Z|UTC|GMT)$', '\1Z')"
    instant = f"coalesce({{guess}}, TRY_CAST({closed_up} AS TIMESTAMPTZ))"
    if zone == "UTC":
        # To look at every character takes long, and nearly all instants are written like this.
        seconds = "____-__-_____:__:__"
        forms = [f"{seconds}{rest}" for rest in ("+00", "", "+00:00", ".%+00", ".%+00:00")]
        alike = " OR ".join(f"{text} LIKE '{form}'" for form in forms)
        likely = (
            f"{in_calendar('{guess}', year=1000)} AND ({alike} "
            f"OR {text} LIKE '{seconds}%Z' AND right({text}, 2) < ':') THEN {{guess}}"
        )
    else:
        local = in_zone(f"timezone('UTC', {instant})", zone)
        likely = (
            f"regexp_full_match({trimmed}, '{_DAY}(?:{_TIME})?') THEN {_within_calendar(local)}"
        )
    region = f"regexp_extract({trimmed}, '{REGION}$')"
    # Of a time that the clocks of a region skip, DuckDB would make another.
    naive = f"TRY_CAST(regexp_extract({trimmed}, '^{_DAY}{_TIME}') AS TIMESTAMP)"
    exists = f"{region} = '' OR TRY(timezone({region}, {instant})) = {naive}"
    return (
        f"CASE WHEN {likely} WHEN regexp_full_match({trimmed}, '{_INSTANT}') "
        f"THEN CASE WHEN {exists} THEN {_within_calendar(instant)} END END"
    )


def array_from_text(text: str) -> str:
    """DuckDB expression: the array that a text is in JSON or as a PostgreSQL literal."""
    json = f"TRY_CAST({text} AS JSON)"
    quoted = f"CASE WHEN {is_rewritten(text)} THEN {numbers_quoted(text)} ELSE {text} END"
    nested = (
        f"len(list_filter(json_extract({json}, '$[*]'), "
        "lambda e: starts_with(e, '[') OR starts_with(e, '{'))) > 0"
    )
    # DuckDB passes over a comma with nothing after it.
    complete = f"NOT ends_with({trim(f'{text}[:-2]')}, ',')"
    unescaped = r"regexp_replace({0}, '(?s)\\(.)', '\1', 'g')"
    literal = (
        f"list_transform(regexp_extract_all({text}, '(?s){_ELEMENT}'), "
        f"lambda e: CASE WHEN starts_with(e, '\"') THEN {unescaped.format('e[2:-2]')} "
        f"WHEN upper(e) = 'NULL' THEN NULL ELSE {unescaped.format('e')} END)"
    )
    return (
        f"CASE WHEN starts_with({text}, '[') "
        f"THEN CASE WHEN {complete} AND NOT {nested} "
        f"THEN TRY_CAST(TRY_CAST({quoted} AS JSON) AS VARCHAR[]) END "
        f"WHEN regexp_full_match({text}, '{_PG_ARRAY}') THEN {literal} END"
    )


def _json_from_text(text: str) -> str:
    document = f"TRY_CAST({text} AS JSON)"
    emptied = f"regexp_replace({text}, '{_JSON_STRING}', '\"\"', 'g')"
    written = (
        f"CASE WHEN {is_rewritten(text)} AND {document} IS NOT NULL "
        f"THEN ({compact(text)})::JSON ELSE json_extract({document}, '$') END"
    )
    # DuckDB passes over a comma with nothing after it.
    return (
        f"CASE WHEN NOT regexp_matches({emptied}, '{_OPEN_COMMA}') "
        f"THEN {computed_once(written, _harmless_json)} END"
    )


def _harmless_json(document: str) -> str:
    text = f"{document}::VARCHAR"
    emptied = f"regexp_replace({text}, '{_JSON_STRING}', '\"\"', 'g')"
    return (
        f"CASE WHEN {text} = 'null' OR regexp_matches({text}, '{_NUL_ESCAPE}') "
        f"OR regexp_matches({emptied}, '{_HOSTILE_JSON}') OR {nests_too_deep(text)} "
        f"OR {repeats_a_key(document)} THEN NULL ELSE {document} END"
    )


def in_calendar(instant: str, year: int = 1) -> str:
    """DuckDB expression: whether an instant lies in the years from `year` to 9999."""
    # Years beyond four digits and infinities have no place in a calendar, nor in Python's.
    return (
        f"{instant} >= TIMESTAMPTZ '{year:04}-01-01 00:00:00+00' "
        f"AND {instant} < TIMESTAMPTZ '10000-01-01 00:00:00+00'"
    )


def _within_calendar(instant: str) -> str:
    return f"CASE WHEN {in_calendar(instant)} THEN {instant} END"


def _without_nul(array: str) -> str:
    return (
        f"CASE WHEN NOT coalesce(contains(array_to_string({array}, ''), chr(0)), false) "
        f"THEN {array} END"
    )


def is_time(sql_type: str) -> bool:
    """Whether a DuckDB type is one of dates or times."""
    return sql_type in _NAIVE_TIMES | _ZONED_TIMES | _NANOSECONDS


def in_zone(naive: str, zone: str) -> str:
    """DuckDB expression: the instant of a time of `zone`; NULL if clocks there skip that time."""
    if zone == "UTC":
        return f"timezone('UTC', {naive})"
    instant = f"timezone({sql_text(zone)}, {naive})"
    back = f"timezone({sql_text(zone)}, {instant})"
    return f"TRY(CASE WHEN {back} = {naive} THEN {instant} END)"


def sql_text(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def trim(text: str) -> str:
    """DuckDB expression: a text without blanks and line ends around it."""
    return f"trim({text}, ' ' || chr(9) || chr(10) || chr(13))"
