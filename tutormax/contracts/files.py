"""The folder of contract files, on disk and at a commit."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tutormax.errors import UserError

FOLDER = "contracts"
_PATTERN = "*.odcs.yaml"


class _Dumper(yaml.SafeDumper):
    """Writes YAML in the style of this repository: lists indented, long texts as blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def as_text(contract: Mapping[str, Any]) -> str:
    """The text of a contract file."""
    body = yaml.dump(contract, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return f"# Made by `make contracts` from the model's YAML: change that, not this file.\n{body}"


def write(folder: Path, contracts: Mapping[str, Mapping[str, Any]]) -> None:
    """Write these contracts into the folder and remove all others."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob(_PATTERN):
        if path.name not in contracts:
            path.unlink()
    for name, contract in contracts.items():
        (folder / name).write_text(as_text(contract), encoding="utf-8")


def stale(folder: Path, contracts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The names of the files that `write` would change."""
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob(_PATTERN)}
    wanted = {name: as_text(contract) for name, contract in contracts.items()}
    return sorted(name for name in found | wanted if found.get(name) != wanted.get(name))


def read_before(project: Path, against: str | None) -> list[dict[str, Any]]:
    """The contracts of a folder or of a revision.

    The default revision is where this branch left origin/main, else the last commit.

    Raises:
        UserError: neither a folder nor a revision has that name.
    """
    if against is not None and Path(against).is_dir():
        return [yaml.safe_load(path.read_bytes()) for path in sorted(Path(against).glob(_PATTERN))]
    revision = against or _git(project, "merge-base", "HEAD", "origin/main") or "HEAD"
    names = _git(project, "ls-tree", "--name-only", revision, f"{FOLDER}/")
    if names is None:
        raise UserError(
            f"There is nothing to compare the contracts with: {revision} is neither a folder nor a "
            f"commit of {project}; name one with --against."
        )
    files = [name for name in names.splitlines() if Path(name).match(_PATTERN)]
    return [yaml.safe_load(_git(project, "show", f"{revision}:./{name}") or "") for name in files]


def _git(project: Path, *words: str) -> str | None:
    """The output of git; none if it fails or is missing."""
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *words], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
