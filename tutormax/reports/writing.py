"""Writes folders of pages completely or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

from tutormax.errors import UserError
from tutormax.private import private_files, refuse_link

MARK = ".tutormax-reports"
"""A file that says that a folder was made here, and may be replaced."""


def check_folder(out: Path) -> None:
    """Refuse a folder that cannot be written, before the warehouse is read.

    Raises:
        UserError: the folder has other files, or cannot be written.
    """
    shutil.rmtree(_work_folder(out))


def write_site(out: Path, texts: Mapping[str, str], *, private: bool = False) -> int:
    """Replace the contents of the folder by these files; return their size in bytes.

    The folder is made again, so that pages of former tutors disappear. If it is `private`, nobody
    else on this machine can read it.

    Raises:
        UserError: the folder has other files, or cannot be written.
    """
    out = out.absolute()
    work = _work_folder(out)
    new = work / "new"
    try:
        with private_files() if private else nullcontext():
            total = _write_all(new, {MARK: "", **texts})
        if out.exists():
            out.rename(work / "old")
        new.rename(out)
        return total
    except OSError as error:
        raise _not_written(out, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _work_folder(out: Path) -> Path:
    """A new folder beside the one to be written."""
    out = out.absolute()
    refuse_link(out, "--out")
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
        return Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise _not_written(out, error) from error


def _write_all(folder: Path, texts: Mapping[str, str]) -> int:
    total = 0
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        total += path.write_bytes(text.encode())
    return total


def _not_written(out: Path, error: OSError) -> UserError:
    return UserError(f"The pages cannot be written to {out}: {error.strerror}.")
