"""Makes a version the active one: the var in dbt_project.yml, then a build."""

from __future__ import annotations

import re
from pathlib import Path

from tutormax.errors import UserError

PROJECT_FILE = "dbt_project.yml"

_VAR = re.compile(r"^( +churn_model_version: *)[^\s#]+", re.MULTILINE)


def activated(folder: Path, version: str) -> str:
    """The text of dbt_project.yml in `folder` with `version` as the active one.

    Raises:
        UserError: the file cannot be read or does not set the var once.
    """
    path = folder / PROJECT_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path} cannot be read, so nothing was activated; put it right, or set the var "
            f"churn_model_version to {version} where your project sets its vars."
        ) from error
    changed, count = _VAR.subn(rf'\g<1>"{version}"', text)
    if count != 1:
        raise UserError(
            f"{path} sets churn_model_version {count} times and should once, so nothing was "
            f"activated; put it right, or set the var to {version} yourself."
        )
    return changed
