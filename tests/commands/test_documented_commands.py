"""The commands of the documents, run one after the other as they are written.

Those of README.md are in `test_commands`. What the commands print is read as a user would read it,
and what they name as the next step is run too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.folders import temporary_open_folder
from support.project import REPOSITORY, environment
from support.shell import copy_repository, run, shell_blocks

SAMPLE = "--days 30 --tutors 60 --sessions-per-day 100"
SERVER = 'eval "$(tutormax postgres env)"\n'
NO_FINE_WORDS = re.compile(r"Traceback|\[ERROR\]|Warning|^\s*(?:select|with|insert|delete)\b", re.M)
NEXT = re.compile(r"^Next:.*(?:\n {4,}.*)*", re.M)
LOOK = re.compile(r"dbt show .*")

DOCUMENTS = {
    "production": SERVER + "export TUTORMAX_TARGET=postgres\n",
    "bi": SERVER,
    "privacy": "",
    # PySpark warns of pandas 3, which only this environment has.
    "spark": "export PYTHONWARNINGS='ignore:PySpark does not yet fully support pandas'\n",
}
"""Each with what its reader has typed before."""

pytestmark = pytest.mark.deep


@pytest.fixture(scope="module")
def clone() -> Iterator[Path]:
    with temporary_open_folder() as folder, environment({"SAMPLE": SAMPLE}):
        copy_repository(folder)
        run(folder, "make build")
        run(folder, ".venv/bin/tutormax postgres start")
        try:
            yield folder
        finally:
            run(folder, ".venv/bin/tutormax postgres stop")


def commands_of(block: str) -> list[str]:
    """The commands of a block; a command goes on while a quote is open."""
    found: list[str] = []
    for line in block.splitlines():
        if found and found[-1].count('"') % 2:
            found[-1] += "\n" + line
        elif line.strip():
            found.append(line)
    return found


def test_every_document_with_commands_is_listed() -> None:
    with_commands = {
        path.stem
        for path in (REPOSITORY / "docs").glob("*.md")
        if shell_blocks(path.read_text()) and path.stem != "tutormax_schema"
    }
    assert with_commands == set(DOCUMENTS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_commands_of_a_document(document: str, clone: Path) -> None:
    text = (REPOSITORY / "docs" / f"{document}.md").read_text()
    before = "source .venv/bin/activate\n" + DOCUMENTS[document]
    for name, there in (("FOLDER", "data/raw"), ("/srv/", f"{clone}/srv-"), ("…", "secret")):
        text = text.replace(name, there)
    for block in shell_blocks(text):
        exported = ""
        for command in commands_of(block):
            if command.startswith(("export ", "source ", "eval ")):
                exported += command + "\n"
                continue
            printed = run(clone, before + exported + command, with_errors=True)
            found = NO_FINE_WORDS.search(printed)
            assert not found, (command, found, printed[-3000:])
            looks = [look for told in NEXT.findall(printed) for look in LOOK.findall(told)]
            assert bool(looks) == (
                " ".join(command.split()[:2]) in ("tutormax build", "make build")
            )
            for look in looks:
                assert "tutor_id" in run(clone, before + look)
