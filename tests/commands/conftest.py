"""What tests of commands share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.load_trial import (
    Outcome,
    Trial,
)
from tutormax import cli


@pytest.fixture
def trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Trial:
    def run(arguments: list[str]) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["tutormax", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            cli.app()
        printed = capsys.readouterr()
        return Outcome(int(exit_.value.code or 0), printed.out, printed.err)

    made = Trial(tmp_path, run)
    monkeypatch.setenv("TUTORMAX_DUCKDB_PATH", str(made.database))
    return made
