"""Mappings for `tutormax load` in tests."""

from __future__ import annotations

from support.load_trial import Trial


def mapped(trial: Trial, text: str) -> list[str]:
    path = trial.files.parent / "my.yml"
    path.write_text(text, encoding="utf-8")
    return ["--mapping", str(path)]


def sessions(columns: str, before: str = "") -> str:
    return f"{before}\ntables:\n  sessions:\n    columns:\n      {columns}\n"
