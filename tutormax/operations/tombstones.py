"""Keyed hashes of erased people, by which rows that come back are found, and forgotten again.

Builds reject such rows by the same hashes: see `macros/rules/is_of_erased.sql`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable

from tutormax.operations.transaction import ARCHIVE, RAW, STAGING, Relation, Transaction, literal
from tutormax.schema import LOADED_AT, SOURCE_TABLES

TOMBSTONES = Relation(ARCHIVE, "tombstones")
ERASED_ERROR = "erased"
_NAMING = ("tutor_id", "student_id", "email")


def bury(tx: Transaction, key: str, identifier: str, emails: Iterable[str]) -> None:
    """Keep hashes of the person's id and emails, so that later rows are not accepted.

    Args:
        key: `tutor_id` or `student_id`.
    """
    secret = tx.value(f"select max(secret) from {TOMBSTONES}") or secrets.token_hex(32)
    owner = _hash(secret, key, identifier)
    hashes = {owner, *(_hash(secret, "email", email) for email in emails)}
    tx.change(f"delete from {TOMBSTONES} where person = {literal(owner)}")
    rows = ", ".join(
        f"({literal(secret)}, {literal(owner)}, {literal(one)}, current_timestamp)"
        for one in sorted(hashes)
    )
    tx.change(f"insert into {TOMBSTONES} (secret, person, hash, erased_at) values {rows}")


def lift(tx: Transaction, key: str, identifier: str) -> bool:
    """Let rows of the person be accepted again, from the next build on; false if nobody was erased.

    The next build is a full one: rows were rejected because of the person alone.
    """
    secret = tx.value(f"select max(secret) from {TOMBSTONES}") or ""
    owner = literal(_hash(secret, key, identifier))
    lifted = tx.change(f"delete from {TOMBSTONES} where person = {owner}") > 0
    if lifted and tx.has(STAGING, "build_log"):
        log = Relation(STAGING, "build_log")
        tx.change(f"update {log} set fingerprint = 'a person may come back'")
    return lifted


def forget_returned(tx: Transaction, loaded_at: str = LOADED_AT) -> int:
    """Replace rows of erased people in raw by rows without their values; return how many.

    Args:
        loaded_at: the column of raw that says when a row arrived.
    """
    if not tx.has(*_parts(TOMBSTONES)) or not tx.value(f"select count(*) from {TOMBSTONES}"):
        return 0
    unreadable = Relation(RAW, "unreadable_rows")
    forgotten = 0
    for table in SOURCE_TABLES:
        source = Relation(RAW, table.name)
        columns = [name for name in _NAMING if name in table.columns]
        mine = " or ".join(_is_erased(column, column) for column in columns)
        tx.change(
            f"insert into {unreadable} (source_table, record, error, {LOADED_AT}) "
            f"select '{table.name}', '{{}}', '{ERASED_ERROR}', {loaded_at} "
            f"from {source} where {mine}"
        )
        forgotten += tx.change(f"delete from {source} where {mine}")
        record = "(cast(record as json) ->> '{}')"
        unread = " or ".join(_is_erased(column, record.format(column)) for column in columns)
        forgotten += tx.change(
            f"update {unreadable} set record = '{{}}', error = '{ERASED_ERROR}' "
            f"where source_table = '{table.name}' and ({unread})"
        )
    return forgotten


def _is_erased(column: str, value: str) -> str:
    if column == "email":
        value = f"translate({value}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')"
    return (
        f"md5((select max(secret) from {TOMBSTONES}) || '{column}:' || {value}) "
        f"in (select hash from {TOMBSTONES})"
    )


def _hash(secret: str, column: str, value: str) -> str:
    if column == "email":
        value = "".join(letter.lower() if letter.isascii() else letter for letter in value)
    return hashlib.md5(f"{secret}{column}:{value}".encode(), usedforsecurity=False).hexdigest()


def _parts(relation: Relation) -> tuple[str, str]:
    return relation.schema, relation.name
