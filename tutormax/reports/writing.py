"""Writes folders of pages completely or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tutormax.errors import UserError

MARK = ".tutormax-reports"
"""A file that says that a folder was made here, and may be replaced."""


def write_site(out: Path, texts: Mapping[str, str], *, private: bool = False) -> int:
    """Replace the contents of the folder by these files; return their size in bytes.

    The folder is made again, so that pages of former tutors disappear. If it is `private`, nobody
    else on this machine can read it.

    Raises:
        UserError: the folder has other files, or cannot be written.
    """
    out = out.absolute()
    if out.is_symlink():
        raise UserError(f"{out} is a link to another folder; name that folder with --out.")
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; name a folder for the pages with --out.")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).exists():
        raise UserError(
            f"{out} holds files that are no pages of ours; empty it or name another folder "
            "with --out."
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # A name that nobody can guess, so that nobody can have put a link there.
        work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise _not_written(out, error) from error
    new = work / "new"
    umask = os.umask(0o077) if private else None
    try:
        total = 0
        for name, text in {MARK: "", **texts}.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            content = text.encode()
            path.write_bytes(content)
            total += len(content)
        if out.exists():
            out.rename(work / "old")
        new.rename(out)
        return total
    except OSError as error:
        raise _not_written(out, error) from error
    finally:
        if umask is not None:
            os.umask(umask)
        shutil.rmtree(work, ignore_errors=True)


def _not_written(out: Path, error: OSError) -> UserError:
    return UserError(f"The pages cannot be written to {out}: {error.strerror}.")
