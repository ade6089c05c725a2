"""Writes files completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tutormax.errors import UserError


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write every text to a temporary file, then rename all.

    Raises:
        UserError: a file cannot be written; existing files then stay.
    """
    waiting = {path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in texts}
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            waiting[path].write_text(text, encoding="utf-8", newline="\n")
        for path, aside in waiting.items():
            aside.replace(path)
    except OSError as error:
        raise UserError(
            f"{error.filename} cannot be written: {error.strerror or error}; "
            "make it writable or name another folder with --out."
        ) from error
    finally:
        for aside in waiting.values():
            with suppress(OSError):
                aside.unlink()
