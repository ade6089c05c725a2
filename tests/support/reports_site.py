"""A world to make pages of, and what reads the pages: as files, and in a browser."""

from __future__ import annotations

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from support.factories import intervention, random_world, session, student, tutor, utc
from support.project import REPOSITORY
from support.tables import World, merged
from support.warehouses import DatabaseWarehouse, DuckDbWarehouse
from tutormax.reports.reading import Tables
from tutormax.reports.site import site_texts
from tutormax.reports.words import HORIZONS, SOURCES, TIERS
from tutormax.validate.tables import HIDDEN

DAYS = 60
FIRST_DAY = "2025-03-01"
ODD_KEY = 'T/1 <b>"ü"'
ODD_NAME = "=<script>alert('Ann')</script>"
VOID = {"meta", "link", "input", "br"}


def beginning() -> World:
    """One row, which is rejected."""
    return {"students": [student("unnamed", name="")]}


def world() -> World:
    """Two months of five tutors, two who leave, one with an odd key and name, and refused rows."""
    odd = tutor(ODD_KEY, name=ODD_NAME, email="ann@example.org", location="Porto Novo")
    start = utc(FIRST_DAY)
    dates = [f"{start + timedelta(days=n):%Y-%m-%d}" for n in range(DAYS)]
    # Until the last feedback: predictions need sessions that arrive.
    longer = [*dates, *(f"{start + timedelta(days=DAYS + n):%Y-%m-%d}" for n in range(4))]
    odd_sessions = [session(f"odd-{n}", ODD_KEY, "student-1", day) for n, day in enumerate(longer)]
    leaver_sessions = [
        session(f"{who}-{n}", who, "student-1", day)
        for who, days in (("leaver", 20), ("leaving", DAYS - 8))
        for n, day in enumerate(dates[:days])
    ]
    unfinished = {"completed_date": None, "outcome": None}
    others = random_world(7, days=DAYS, first_day=FIRST_DAY)
    for row in others["tutors"]:
        # Below a pace that was agreed all would be at high risk, and none left to compare with.
        row["baseline_sessions_per_week"] = None
    return merged(
        others,
        {
            "tutors": [
                odd,
                tutor("leaver"),
                tutor("leaving"),
                tutor("refused-tutor", name="Refused Person", status="odd"),
            ],
            "sessions": [
                *odd_sessions,
                *leaver_sessions,
                session("nobody's", "unknown", "student-1", FIRST_DAY),
            ],
            "interventions": [
                intervention("odd-one", ODD_KEY, FIRST_DAY, notes="Knows <i>Bela</i> & Finn."),
                intervention("odd-two", ODD_KEY, dates[-10], status="in_progress", **unfinished),
                intervention("odd-three", ODD_KEY, dates[-1], status="pending", **unfinished),
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


def table_rows(page: str, table: str) -> list[dict[str, str]]:
    """The rows of a table that lists tutors, by the labels of their cells."""
    found: list[dict[str, str]] = []
    is_open = False
    for element in Page(page).elements:
        if element.tag == "table":
            is_open = element.attributes.get("id") == table
        elif is_open and element.attributes.get("scope") == "row":
            found.append({"Tutor": " ".join(element.text.split())})
        elif is_open and "data-label" in element.attributes:
            found[-1][element.attributes["data-label"]] = " ".join(element.text.split())
    return found


def made_tables(*, tutors: int = 0, names: Sequence[str] = ()) -> Tables:
    """What the queries give in an empty warehouse, or one of so many tutors with such names."""
    queries = REPOSITORY / "reports" / "queries"
    nothing = {"accepted": 0, "rejected": 0, "latest": None, "last_loaded": None}
    rows = [
        {
            "tutor_id": f"tutor-{n}",
            "status": "active",
            "onboarding_date": utc(FIRST_DAY),
            "subjects": ["Algebra"] if n % 2 else ["Algebra", "Physics"],
            "education_level": None,
            "performance_tier": TIERS[n % 5],
            "sessions_completed": n * 100,
            "avg_rating": None if n == 1 else 4.5,
            "engagement_score": 0.5,
            "days_since_last_session": n,
            "queue_part": ("kept", "silent")[n > 3],
            "sessions_a_week": n / 4,
            "sessions_a_week_of_30_days": n / 2,
            "risk_level": "High",
            "churn_score": 60,
            "churn_score_a_week_before": 63,
            "contributing_factors": '{"engagement_decline": 0.99, "no_show_risk": 0.01}',
            "model_version": "1",
            "risk_level_before": "High" if n else "Low",
            "critical_since": None,
        }
        | {f"window_{days}day_probability": (n + 1) / 100 for days in HORIZONS}
        for n in range(tutors)
    ]
    people = [
        row | {"name": name, "email": "a@example.org", "location": ("Porto", "Lisbon")[n % 2]}
        for n, (row, name) in enumerate(zip(rows, names, strict=False))
    ]
    return Tables(
        as_of=date(2025, 4, 30) if tutors else None,
        open={path.stem: [] for path in queries.glob("*.sql")}
        | {"tutors": rows, "tables": [nothing | {"source_table": name} for name in SOURCES]},
        personal={"tutors": people} if people else {},
    )


def made_site(tables: Tables) -> dict[str, str]:
    return site_texts(
        tables, REPOSITORY / "reports", inactivity_days=14, min_tutors=10, recent_days=3
    )


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
    """Let two warehouses know of one run alike: when it was, how long it took, what arrived."""
    warehouse.execute(
        "delete from tutormax.tutormax_runs "
        "where started_at < (select max(started_at) from tutormax.tutormax_runs)"
    )
    # The first student came alone, or with all others.
    warehouse.execute("delete from tutormax.tutormax_arrivals where source_table = 'students'")
    warehouse.execute(
        "update tutormax.tutormax_runs set started_at = timestamptz '2025-05-01 06:00:00+00', "
        "seconds = 1, run_id = 'run', rows_inserted = 1"
    )


def personal_values(warehouse: DatabaseWarehouse) -> set[str]:
    """Every text in a column that is marked as personal, but for keys of published tutors."""
    values: set[str] = set()
    published = {row["tutor_id"] for row in warehouse.rows("tutors")}
    for node in warehouse.project.manifest.nodes.values():
        if node.resource_type != "model" or not node.schema.endswith("tutormax"):
            continue
        marked = [
            name
            for name, column in node.columns.items()
            if column.config.meta.get("privacy") in HIDDEN
        ]
        for row in warehouse.rows(node.alias) if marked else []:
            values |= {str(row[name]) for name in marked if isinstance(row[name], str)}
    return {value for value in values - published if len(value) > 2}


def chart_data(page: str) -> dict[str, dict[str, list[Any]]]:
    return {
        script.attributes["id"].removeprefix("data-"): json.loads(script.text)
        for script in Page(page).all("script")
        if script.attributes.get("type") == "application/json"
    }
