"""File names of tutors' pages: valid for any key, and unique on any file system."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
_RESERVED = re.compile(r"index|con|prn|aux|nul|com\d|lpt\d")


def page_names(tutor_ids: Iterable[str]) -> dict[str, str]:
    """The file name of each tutor's page, without its ending.

    A key of lower-case letters, digits, dashes and underscores is its own name. Other keys, which
    may have slashes or differ only in case, keep these characters and get a part of their hash.
    """
    return {tutor_id: _name(tutor_id) for tutor_id in tutor_ids}


def _name(tutor_id: str) -> str:
    if _PLAIN.fullmatch(tutor_id) and not _RESERVED.fullmatch(tutor_id):
        return tutor_id
    plain = re.sub(r"[^a-z0-9]+", "-", tutor_id.lower()).strip("-")
    # The dot: no plain key has one.
    return f"{plain or 'tutor'}.{hashlib.sha256(tutor_id.encode()).hexdigest()[:12]}"
