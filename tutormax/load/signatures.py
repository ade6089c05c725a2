"""What a file is by its first bytes and its name, where it is not what the loader reads."""

from __future__ import annotations

import re
from pathlib import Path

from tutormax.schema import SOURCE_TABLES

_UNPACK = "unpack it"
_AS_CSV = "save each sheet as CSV (UTF-8)"
_AS_UTF8 = "save it as UTF-8"
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", f"an Excel workbook or a ZIP file; {_AS_CSV}, or unpack it"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"an old Excel workbook; {_AS_CSV}"),
    (b"\x1f\x8b", "compressed (gzip); unpack it, or let its name end in .gz"),
    (b"\x28\xb5\x2f\xfd", "compressed (zstd); unpack it, or let its name end in .zst"),
    (b"BZh", f"compressed (bzip2); {_UNPACK}"),
    (b"\x04\x22\x4d\x18", f"compressed (lz4); {_UNPACK}"),
    (b"\xfd7zXZ\x00", f"compressed (xz); {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"compressed (7-Zip); {_UNPACK}"),
    (b"Rar!\x1a\x07", f"compressed (RAR); {_UNPACK}"),
    (b"PAR1", "a Parquet file; let its name end in .parquet"),
    (b"ORC", "an ORC file; write it as Parquet"),
    (b"Obj\x01", "an Avro file; write it as Parquet"),
    (b"ARROW1", "an Arrow file; write it as Parquet"),
    (b"SQLite format 3\x00", "an SQLite database; export its tables as CSV"),
    (b"%PDF-", "a PDF document; export the table as CSV"),
    (b"\xff\xfe\x00\x00", f"UTF-32 text, not UTF-8 text; {_AS_UTF8}"),
    (b"\x00\x00\xfe\xff", f"UTF-32 text, not UTF-8 text; {_AS_UTF8}"),
    (b"\xff\xfe", f"UTF-16 text, not UTF-8 text; {_AS_UTF8}"),
    (b"\xfe\xff", f"UTF-16 text, not UTF-8 text; {_AS_UTF8}"),
)
_LOOK_BYTES = 1 << 16
# The names of the columns stand first, and are ASCII even where values are not.
_NAME_BYTES = 24

# Endings of files that hold tables. Others (README, pictures, scripts) are nobody's business.
_DATA_ENDING = re.compile(
    r"(?i)\.(csv|tsv|tab|psv|json|jsonl|ndjson|parquet|pq|xlsx?|xlsm|xlsb|ods|avro|orc|feather"
    r"|arrow|db|sqlite3?|duckdb|dta|sav|sas7bdat|gz|zst|bz2|xz|zip|7z|rar|tar|tgz)\Z"
)
_TABLE_NAMES = tuple(re.sub("[^a-z]", "", table.name) for table in SOURCE_TABLES)


def what_it_is(path: Path) -> str | None:
    """What a file is and what to do with it, if it is not text; None if it may be."""
    with path.open("rb") as source:
        head = source.read(_LOOK_BYTES)
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[257:262] == b"ustar":
        return f"a tar archive; {_UNPACK}"
    if head[1:4] == bytes(3) or (head[:3] == bytes(3) and head[3:4] != b"\0"):
        return f"UTF-32 text, not UTF-8 text; {_AS_UTF8}"
    if _has_nul_beside_ascii(head[:_NAME_BYTES]) or _has_nul_beside_ascii(head):
        return f"UTF-16 text, not UTF-8 text; {_AS_UTF8}"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        return "HTML or XML; export the table as CSV"
    return None


def is_json(path: Path) -> bool:
    """Whether a text begins as an object with a name or as an array of objects does."""
    with path.open("rb") as source:
        return (
            re.match(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*"|\[\s*\{)', source.read(_LOOK_BYTES))
            is not None
        )


def _has_nul_beside_ascii(head: bytes) -> bool:
    """Whether NUL stands where UTF-16 has the upper half of ASCII characters, and only there."""
    evens, odds = head[0::2], head[1::2]
    return any(
        upper.count(0) > len(upper) // 4 and not lower.count(0)
        for upper, lower in ((evens, odds), (odds, evens))
    )


def looks_like_table(name: str) -> bool:
    """Whether a name that is not loaded may be meant as a table: by its ending, or what it says."""
    if name.startswith("."):
        return False
    letters = re.sub("[^a-z]", "", name.casefold())
    return bool(_DATA_ENDING.search(name)) or any(letters.startswith(t) for t in _TABLE_NAMES)
