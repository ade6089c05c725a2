"""What pytest says while it runs: how far it is, what it is at, and about how long it will take.

One line every few seconds in place of a dot a test, failures at once, and the dearest tests at the
end. How long each test took is kept in pytest's cache, for the next run on this machine.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import pytest

FIRST_RUN_SECONDS = 2300
"""Of all tests on one worker, as CONTRIBUTING.md says; an earlier run here says better.

A deep run that no run came before takes hours: how many, nobody can tell by this.
"""

EVERY_SECONDS = 15
DEAREST = 20
CACHE_KEY = "tutormax/seconds"


def expectation(known: Mapping[str, float]) -> Callable[[str], float]:
    """How long a test takes: what it took, or else what others took on average.

    Others are first those of its function, as a deep run has more cases of many, then of its file.
    """
    took: dict[str, list[float]] = defaultdict(list)
    for test, seconds in known.items():
        for place in places(test):
            took[place].append(seconds)

    def expected(test: str) -> float:
        found = next((took[place] for place in places(test) if place in took), [1.0])
        return sum(found) / len(found)

    return expected


def places(test: str) -> tuple[str, ...]:
    """A test, its function, its file, and all tests."""
    return test, test.partition("[")[0], test.partition("::")[0], ""


class Progress:
    """The plugin of the process that talks to the user; workers need none."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.workers = int(getattr(config.option, "numprocesses", None) or 1)
        self.is_deep = bool(config.option.deep)
        self.cache = getattr(config, "cache", None)
        self.known: dict[str, float] = self.cache.get(CACHE_KEY, {}) if self.cache else {}
        self.seconds: dict[str, float] = defaultdict(float)
        self.expected: dict[str, float] = {}
        self.running: dict[str, float] = {}
        self.done: set[str] = set()
        self.failed: set[str] = set()
        self.began = time.monotonic()
        self.ended = threading.Event()
        self.ticker = threading.Thread(target=self.tick, daemon=True)

    def expect(self, tests: list[str]) -> None:
        """Begin: these are all tests."""
        if self.expected or not tests:
            return
        self.expected = dict(zip(tests, map(expectation(self.known), tests), strict=True))
        self.began = time.monotonic()
        since = "the last run here" if self.known else "the figure in CONTRIBUTING.md"
        wanted = f"{self.time_left()} on {self.workers} workers, by {since}"
        self.say(f"  0% of {len(tests)} tests: {wanted}.")
        self.ticker.start()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self.expect(ids)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.expect([item.nodeid for item in session.items])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.running[nodeid] = time.monotonic()

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """No letter a test; what passes says nothing."""
        if report.failed:
            when = "" if report.when == "call" else f" in {report.when}"
            self.failed.add(report.nodeid)
            return ("failed" if report.when == "call" else "error"), "", f"FAILED{when}"
        if report.skipped:
            return "skipped", "", "SKIPPED"
        return ("passed" if report.when == "call" else ""), "", ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        test = report.nodeid
        self.seconds[test] += report.duration
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            why = str(getattr(crash, "message", report.longrepr)).strip().partition("\n")[0]
            self.say(f"FAILED {test} ({report.when}): {why}")
        if report.when == "teardown":
            self.running.pop(test, None)
            self.done.add(test)

    def tick(self) -> None:
        while not self.ended.wait(EVERY_SECONDS):
            if self.running:
                self.say(self.line())

    def line(self) -> str:
        """How far all is, and what is run now."""
        at = sorted(self.running.items(), key=lambda item: item[1])
        failed = f", {len(self.failed)} failed" if self.failed else ""
        names = ", ".join(test.removeprefix("tests/") for test, _ in at[: self.workers])
        return f"{self.share():4.0%}{failed}, {self.time_left()} left: {names}"

    @property
    def spent(self) -> float:
        return (time.monotonic() - self.began) * self.workers

    def share(self) -> float:
        """Of all work, what is done."""
        if self.known or self.is_deep:
            done = sum(self.expected.get(test, 0) for test in self.done)
            return done / sum(self.expected.values())
        # How many tests are done says little: some take a minute, most take none.
        return min(self.spent / FIRST_RUN_SECONDS, 0.99)

    def time_left(self) -> str:
        """What the tests to come took the last time, scaled by how those done compare with it."""
        if self.known:
            total, share = sum(self.expected.values()), self.share()
            seconds = (1 - share) * (self.spent / share if share > 1 / 20 else total)
        elif self.is_deep:
            return "some hours"
        else:
            seconds = max(FIRST_RUN_SECONDS - self.spent, 0)
        minutes = round(seconds / self.workers / 60)
        return f"about {minutes} min" if minutes > 1 else "about a minute"

    @property
    def reporter(self) -> Any:
        return self.config.pluginmanager.get_plugin("terminalreporter")

    def say(self, line: str) -> None:
        self.reporter.write_line(line)
        self.reporter.flush()

    def pytest_sessionfinish(self) -> None:
        self.ended.set()

    def pytest_terminal_summary(self) -> None:
        if not self.done:
            return
        total = sum(self.seconds.values())
        self.reporter.section(f"the {DEAREST} dearest of {len(self.done)} tests")
        for test, seconds in sorted(self.seconds.items(), key=lambda item: -item[1])[:DEAREST]:
            self.say(f"{seconds:7.1f} s {seconds / total:6.1%}  {test}")
        self.say(f"{total:7.1f} s in all, summed over {self.workers} workers")
        if self.cache:
            self.cache.set(CACHE_KEY, self.known | dict(self.seconds))


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.pluginmanager.register(Progress(config), "tutormax-progress")
