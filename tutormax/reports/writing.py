"""Writes folders of pages completely or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from tutormax.errors import UserError

MARK = ".tutormax-reports"
"""A file that says that a folder was made here, and may be replaced."""


def write_site(out: Path, texts: Mapping[str, str]) -> int:
    """Replace the contents of the folder by these files; return their size in bytes.

    The folder is made again, so that pages of former tutors disappear.

    Raises:
        UserError: the folder has other files, or cannot be written.
    """
    out = out.absolute()
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; name a folder for the pages with --out.")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).exists():
        raise UserError(
            f"{out} holds files that are no pages of ours; empty it or name another folder "
            "with --out."
        )
    new, old = (out.with_name(f".{out.name}.{suffix}") for suffix in ("new", "old"))
    try:
        for left_behind in (new, old):
            shutil.rmtree(left_behind, ignore_errors=True)
        total = 0
        for name, text in {MARK: "", **texts}.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            content = text.encode()
            path.write_bytes(content)
            total += len(content)
        if out.exists():
            out.rename(old)
        new.rename(out)
        shutil.rmtree(old, ignore_errors=True)
        return total
    except OSError as error:
        raise UserError(f"The pages cannot be written to {out}: {error.strerror}.") from error
