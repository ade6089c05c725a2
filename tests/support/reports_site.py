"""A world to make pages of, and what reads the pages: as files, and in a browser."""

from __future__ import annotations

import json
import os
import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from support.factories import intervention, random_world, session, student, tutor, utc
from support.tables import World, merged
from support.warehouses import DatabaseWarehouse, DuckDbWarehouse

DAYS = 60
FIRST_DAY = "2025-03-01"
ODD_KEY = 'T/1 <b>"ü"'
ODD_NAME = "<script>alert('Ann')</script>"
VOID = {"meta", "link", "input", "br"}


def beginning() -> World:
    """Hardly anything: a build refuses raw without a row."""
    return {"students": [student("first-student")]}


def world() -> World:
    """Two months of five tutors, one who leaves, one with an odd key and name, and refused rows."""
    odd = tutor(ODD_KEY, name=ODD_NAME, email="ann@example.org", location="Porto Novo")
    start = utc(FIRST_DAY)
    dates = [f"{start + timedelta(days=n):%Y-%m-%d}" for n in range(DAYS)]
    odd_sessions = [session(f"odd-{n}", ODD_KEY, "student-1", day) for n, day in enumerate(dates)]
    leaver_sessions = [
        session(f"leaver-{n}", "leaver", "student-1", day) for n, day in enumerate(dates[:20])
    ]
    return merged(
        random_world(7, days=DAYS, first_day=FIRST_DAY),
        {
            "tutors": [
                odd,
                tutor("leaver"),
                tutor("refused-tutor", name="Refused Person", status="odd"),
            ],
            "sessions": [
                *odd_sessions,
                *leaver_sessions,
                session("nobody's", "unknown", "student-1", FIRST_DAY),
            ],
            "interventions": [
                intervention("odd-one", ODD_KEY, FIRST_DAY, notes="Knows <i>Bela</i> & Finn.")
            ],
        },
    )


def files_of(site: Path) -> dict[str, str]:
    return {
        path.relative_to(site).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(site.rglob("*"))
        if path.is_file()
    }


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parents: list[str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """The elements of a page, in order, with the text inside of them."""

    source: str
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[Element] = []
        self.feed(self.source)
        assert not self._open, [element.tag for element in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parents = [element.tag for element in self._open]
        element = Element(tag, {name: value or "" for name, value in attrs}, parents)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1].tag == tag, (tag, self._open[-1:])
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def figures(self) -> dict[str, str]:
        """What the tiles on top of the page say."""
        found: dict[str, str] = defaultdict(str)
        title = ""
        for element in self.elements:
            if element.tag == "dt":
                title = element.text.strip()
            elif element.tag == "b" and "dd" in element.parents:
                found[title] = element.text.strip()
        return dict(found)


def browser_path() -> str | None:
    """The browser to test with: TUTORMAX_CHROMIUM, or what is usually there."""
    named = os.environ.get("TUTORMAX_CHROMIUM")
    if named:
        return named
    on_path = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    on_macos = (
        f"/Applications/{name}.app/Contents/MacOS/{name}" for name in ("Chromium", "Google Chrome")
    )
    return next(
        (str(path) for path in (*on_path, *on_macos) if path and Path(path).is_file()), None
    )


def browser_options() -> dict[str, Any]:
    # Chromium refuses to run sandboxed as root.
    return {"args": ["--no-sandbox"] if os.geteuid() == 0 else []}


PAGES = (
    "index.html",
    "queue.html",
    "interventions.html",
    "model.html",
    "quality.html",
    "tutors/index.html",
    "tutors/tutor-1.html",
)


class Sites:
    """Sites made of one warehouse, each made once and kept."""

    def __init__(self, warehouse: DuckDbWarehouse, folder: Path) -> None:
        self.folder = folder
        self.warehouse = warehouse
        self.warehouse.insert(beginning())
        self.warehouse.build()
        self.empty = self.make("empty")
        self.warehouse.insert(world())
        # The page on quality lists all that the last build made.
        done = self.warehouse.try_build()
        assert done.succeeded, done.message
        settle_runs(self.warehouse)
        self.masked = self.make("masked")
        self.names = self.make("names", "--names", "--label", "A <label>")

    def make(self, name: str, *words: str) -> Path:
        out = self.folder / name
        said = self.warehouse.command("reports", "--out", str(out), *words)
        assert str(out / "index.html") in said
        return out


def settle_runs(warehouse: DatabaseWarehouse) -> None:
    """Let two warehouses know of one run alike: when it was and how long it took."""
    warehouse.execute(
        "delete from tutormax.tutormax_runs "
        "where started_at < (select max(started_at) from tutormax.tutormax_runs)"
    )
    warehouse.execute(
        "update tutormax.tutormax_runs set started_at = timestamptz '2025-05-01 06:00:00+00', "
        "seconds = 1, run_id = 'run', rows_inserted = 1"
    )


def chart_data(page: str) -> dict[str, dict[str, list[Any]]]:
    return {
        script.attributes["id"].removeprefix("data-"): json.loads(script.text)
        for script in Page(page).all("script")
        if script.attributes.get("type") == "application/json"
    }
