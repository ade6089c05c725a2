"""Keyed hashes of erased people, by which rows that come back are found, and forgotten again.

Builds reject such rows by the same hashes: see `macros/rules/is_of_erased.sql`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable

from sqlalchemy import Table

from tutormax.operations.transaction import ARCHIVE, RAW, STAGING, Relation, Transaction, literal
from tutormax.schema import LOADED_AT, SOURCE_TABLES

TOMBSTONES = Relation(ARCHIVE, "tombstones")
READ_TOMBSTONES = "select secret, hash from {} where hash is not null"
ERASED_ERROR = "erased"
_NAMING = ("tutor_id", "student_id", "email")
_RECORD = "(cast(record as json) ->> '{}')"


def bury(tx: Transaction, key: str, identifier: str, emails: Iterable[str]) -> None:
    """Keep hashes of the person's id and emails, so that later rows are not accepted.

    Args:
        key: `tutor_id` or `student_id`.
    """
    secret = (
        tx.value(f"select max(secret) from {TOMBSTONES}")
        or os.environ.get("TUTORMAX_ID_SECRET")
        or secrets.token_hex(32)
    )
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
    if not tx.has(*_parts(TOMBSTONES)) or not tx.value(f"select count(hash) from {TOMBSTONES}"):
        return 0
    unreadable = Relation(RAW, "unreadable_rows")
    forgotten = 0
    for table in SOURCE_TABLES:
        source = Relation(RAW, table.name)
        mine = is_of_erased(table, TOMBSTONES)
        tx.change(
            f"insert into {unreadable} (source_table, record, error, {LOADED_AT}) "
            f"select '{table.name}', '{{}}', '{ERASED_ERROR}', {loaded_at} "
            f"from {source} where {mine}"
        )
        forgotten += tx.change(f"delete from {source} where {mine}")
        forgotten += tx.change(
            f"update {unreadable} set record = '{{}}', error = '{ERASED_ERROR}' "
            f"where source_table = '{table.name}' and ({is_of_erased(table, TOMBSTONES, _RECORD)})"
        )
    return forgotten


def is_of_erased(table: Table, tombstones: object, value: str = "{}") -> str:
    """The condition that a row of a source is of an erased person; never null.

    Args:
        tombstones: the relation with the key and the hashes.
        value: the SQL of a column, whose name is put into the braces.
    """
    said = []
    for column in (name for name in _NAMING if name in table.columns):
        text = value.format(column)
        if column == "email":
            text = f"translate({text}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')"
        said.append(
            f"md5((select max(secret) from {tombstones}) || '{column}:' || {text}) "
            f"in (select hash from {tombstones} where hash is not null)"
        )
    return f"coalesce({' or '.join(said)}, false)"


def _hash(secret: str, column: str, value: str) -> str:
    if column == "email":
        value = "".join(letter.lower() if letter.isascii() else letter for letter in value)
    return hashlib.md5(f"{secret}{column}:{value}".encode(), usedforsecurity=False).hexdigest()


def _parts(relation: Relation) -> tuple[str, str]:
    return relation.schema, relation.name
