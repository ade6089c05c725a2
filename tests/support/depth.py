"""`pytest --deep`: what is too long for every commit, and nothing else. `make test-deep` runs it.

`@pytest.mark.deep` is for tests that only a deep run has, `@pytest.mark.deep("postgres")` for those
that other runs have on the other engine alone, and `@pytest.mark.depth("seed",
quick=[1, 2], deep=range(200))` for tests that a deep run has more cases of. A test that asks for
the fixture `deep` does more in a deep run.

A deep run that was interrupted goes on where it stopped: tests that passed on the same files are
left out.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

RESUME_FILE = Path(".pytest_cache") / "deep.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="run what is too long for every commit")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "deep(engine): only a deep run has this test")
    config.addinivalue_line("markers", "depth(name, quick, deep): the cases of a run, by its depth")
    if config.option.deep and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Resumed(config.rootpath), "tutormax-resumed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for marker in metafunc.definition.iter_markers("depth"):
        values = marker.kwargs["deep" if metafunc.config.option.deep else "quick"]
        metafunc.parametrize(marker.args[0], values, ids=lambda value: getattr(value, "name", None))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this run is not to have."""
    workerinput = getattr(config, "workerinput", None)
    resumed = config.pluginmanager.get_plugin("tutormax-resumed")
    passed = workerinput.get("passed", []) if workerinput else resumed.passed if resumed else []
    left_out = [
        item
        for item in items
        if item.nodeid in passed or not (is_deeper(item) if config.option.deep else is_quick(item))
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def is_quick(item: pytest.Item) -> bool:
    """Whether a run for every commit has this test."""
    marker = item.get_closest_marker("deep")
    if marker is None:
        return True
    params = params_of(item)
    engine = params.get("built_warehouse", params.get("engine"))
    return bool(marker.args) and engine not in marker.args


def is_deeper(item: pytest.Item) -> bool:
    """Whether a deep run has this test: no other has it, or does as much in it."""
    params = params_of(item)
    return (
        not is_quick(item)
        or "deep" in getattr(item, "fixturenames", ())
        or any(
            params[marker.args[0]] not in marker.kwargs["quick"]
            for marker in item.iter_markers("depth")
        )
    )


def params_of(item: pytest.Item) -> dict[str, Any]:
    callspec = getattr(item, "callspec", None)
    return callspec.params if callspec else {}


@pytest.fixture(scope="session")
def deep(request: pytest.FixtureRequest) -> bool:
    """Whether this is a deep run."""
    return bool(request.config.option.deep)


class Resumed:
    """Keeps which tests of a deep run have passed, until all have."""

    def __init__(self, root: Path) -> None:
        self.file = root / RESUME_FILE
        self.files = hash_of_files(root)
        kept = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.passed: list[str] = kept["passed"] if kept.get("files") == self.files else []
        self.failed: set[str] = set()

    def pytest_report_header(self) -> str | None:
        if not self.passed:
            return None
        return f"going on with a deep run of which {len(self.passed)} tests have passed"

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["passed"] = list(self.passed)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.add(report.nodeid)
        if report.when == "teardown" and report.nodeid not in self.failed:
            self.passed.append(report.nodeid)
            self.file.parent.mkdir(exist_ok=True)
            self.file.write_text(json.dumps({"files": self.files, "passed": self.passed}))

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            self.file.unlink(missing_ok=True)


def hash_of_files(root: Path) -> str:
    """A hash of every file that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
    )
    told = hashlib.sha256()
    for name in sorted(listed.stdout.split(b"\0")):
        path = root / name.decode()
        told.update(name + b"\0" + (path.read_bytes() if path.is_file() else b""))
    return told.hexdigest()
