"""The speedups of dbt fit this dbt.

That they change nothing but the time that a build takes, test_profiles.py says.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.dbt_speedups import PATCHED
from support.project import REPOSITORY

NAMES = {f"{owner.__name__}.{name}": parameters for (owner, name), parameters in PATCHED.items()}

UNPATCHED = """
import inspect
from support import dbt_speedups

before = {place: getattr(*place) for place in dbt_speedups.PATCHED}
dbt_speedups.quicken()
for (owner, name), found in before.items():
    assert getattr(owner, name) is not found, f"{name} is listed and not patched"
    print(f"{owner.__name__}.{name}", ", ".join(inspect.signature(found).parameters), sep="|")
"""


@pytest.fixture(scope="module")
def parameters() -> dict[str, str]:
    """The parameters of what is patched, in a process where dbt is not patched yet."""
    done = subprocess.run(
        [sys.executable, "-c", UNPATCHED],
        cwd=REPOSITORY / "tests",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(line.split("|") for line in done.stdout.splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_dbt_has_what_is_patched(name: str, parameters: dict[str, str]) -> None:
    found = parameters[name]
    assert found == NAMES[name], (
        f"support/dbt_speedups.py replaces {name}, which takes ({found}) in this dbt, "
        f"not ({NAMES[name]}): read it, then mend the patch or drop it."
    )
