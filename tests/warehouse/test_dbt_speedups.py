"""The speedups of dbt fit this dbt, and change nothing but the time that a build takes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.dbt_speedups import PATCHED
from support.factories import WORLD_WITH_REFUSALS
from support.project import BUILD, REPOSITORY, DuckDbProject, kept_models
from support.warehouses import NewDuckDb

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


def test_a_build_without_the_speedups_gives_the_same(
    new_warehouse: NewDuckDb, dbt_project: DuckDbProject
) -> None:
    """A process of dbt's own is not patched; the build in this one is."""
    quick = new_warehouse()
    quick.insert(WORLD_WITH_REFUSALS)
    slow = quick.copy()
    quick.build()
    done = dbt_project.command_line(*BUILD, path=slow.path)
    assert done.returncode == 0, done.stdout
    assert quick.published() == slow.published()
    for model in kept_models(dbt_project.manifest):
        ours, theirs = (one.texts(model.relation(), model.audit) for one in (quick, slow))
        assert ours == theirs, model.name
