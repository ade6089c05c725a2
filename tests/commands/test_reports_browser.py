"""The pages in a browser: they open from disk, sort, search, save CSV, and are dark at night."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from support.reports_site import (
    ODD_KEY,
    PAGES,
    Page,
    Sites,
    browser_options,
    browser_path,
    chart_data,
    files_of,
    made_site,
    made_tables,
    personal_values,
)
from tutormax.reports.writing import write_site


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = browser_path()
    if path is None:
        pytest.skip("There is no Chromium to test with: install one or set TUTORMAX_CHROMIUM.")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, **browser_options())
        yield started
        started.close()


OWN = ("file:", "data:", "blob:")


class View:
    """A page in a browser that is far from UTC, and what it complained of or asked for."""

    def __init__(
        self, browser: Any, path: Path, *, query: str = "", now: str = "", **context: Any
    ) -> None:
        settings = {
            "timezone_id": "America/Los_Angeles",
            "viewport": {"width": 1280, "height": 900},
        }
        self.context = browser.new_context(**settings | context)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        if now:
            self.page.clock.set_fixed_time(now)
        self.open(path, query)

    def open(self, path: Path, query: str = "") -> None:
        self.page.goto(path.as_uri() + query)
        # A chart in a fold is drawn when it opens.
        self.page.evaluate(
            "for (const fold of document.querySelectorAll('details')) fold.open = true"
        )
        self.page.wait_for_function(
            "[...document.querySelectorAll('.chart')].every(chart => chart.querySelector('svg'))"
        )

    def __enter__(self) -> View:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith(OWN)] == []

    def csv(self, button: Any) -> tuple[str, list[list[str]]]:
        """The name of the file that a button saves, and its rows."""
        with self.page.expect_download() as download:
            button.click()
        text = Path(download.value.path()).read_bytes().decode("utf-8-sig")
        assert text.endswith("\r\n")
        return download.value.suggested_filename, list(csv.reader(io.StringIO(text)))

    def column(self, table: str, number: int) -> list[str]:
        cells = self.page.locator(f"#{table} tbody tr:not([hidden]) > :nth-child({number})")
        return [text.strip() for text in cells.all_inner_texts()]


@pytest.mark.depth(
    "case",
    quick=[("names", 1280), ("names", 390), ("empty", 390)],
    deep=list(product(("names", "empty"), (1280, 390))),
)
def test_pages_open_from_disk(sites: Sites, browser: Any, case: tuple[str, int]) -> None:
    kind, width = case
    site = getattr(sites, kind)
    made = [name for name in PAGES if (site / name).exists()]
    with View(browser, site / made[0], viewport={"width": width, "height": 900}) as view:
        page = view.page
        for name in made:
            view.open(site / name)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert page.evaluate(WHOLE), (name, "a table is cut")
            assert page.evaluate(APART), (name, "labels of an axis touch")
            charts = page.locator(".chart").count()
            charted = CHARTED if kind == "names" else {"quality.html"}
            assert (charts > 0) == (name in charted), name
            assert page.locator(".chart svg path, .chart svg rect").count() >= charts


WHOLE = """[...document.querySelectorAll('.card.flush')]
    .every(card => card.scrollWidth <= card.clientWidth)"""
APART = """[...document.querySelectorAll('.chart .role-axis-label')].every(axis => {
    const boxes = [...axis.querySelectorAll('text')]
        .filter(text => getComputedStyle(text).opacity !== '0')
        .map(text => text.getBoundingClientRect());
    return boxes.every((one, n) => boxes.slice(n + 1).every(two =>
        one.right + 2 < two.left || two.right + 2 < one.left
        || one.bottom < two.top || two.bottom < one.top));
})"""
CHARTED = {"index.html", "model.html", "quality.html", "tutors/tutor-1.html"}


def test_dark_pages_are_dark(sites: Sites, browser: Any) -> None:
    looks = {}
    for scheme in ("light", "dark"):
        with View(browser, sites.masked / "tutors/tutor-1.html", color_scheme=scheme) as view:
            looks[scheme] = view.page.evaluate(
                """[getComputedStyle(document.body).backgroundColor,
                    getComputedStyle(document.querySelector('.chart svg text')).fill]"""
            )
    assert looks == {
        "light": ["rgb(245, 246, 248)", "rgb(86, 97, 114)"],
        "dark": ["rgb(18, 22, 28)", "rgb(163, 174, 189)"],
    }


def test_days_are_utc_wherever_the_reader_is(sites: Sites, browser: Any) -> None:
    weeks = chart_data(files_of(sites.masked)["index.html"])["weeks"]["week"]
    with View(browser, sites.masked / "index.html") as view:
        chart = view.page.locator("[data-chart=no_shows]")
        shown = chart.locator("svg .role-axis-label text").all_text_contents()
        year, month, day = map(int, weeks[0].split("-"))
        assert f"{day} {['', 'Jan', 'Feb', 'Mar', 'Apr'][month]}" in shown, (shown, weeks)
        assert year == 2025


def test_the_queue_sorts_by_mouse_and_keyboard(sites: Sites, browser: Any) -> None:
    with View(
        browser, sites.masked / "queue.html", query="?risk=Low&risk=Medium&risk=High"
    ) as view:
        for level in ("Low", "Medium", "High", "Critical"):
            view.page.get_by_label(level).check()
        parts, at = view.column("queue", 2), view.column("queue", 6)
        order = [(part, -int(text.split()[0])) for part, text in zip(parts, at, strict=True)]
        assert order == sorted(order) and {*parts} == {"Can still be kept", "Silent already"}
        heading = view.page.locator("#queue th[data-sort]", has_text="Score")
        heading.locator("button").focus()
        view.page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "descending"
        scores = [int(text.split()[0]) for text in view.column("queue", 6)]
        assert len(scores) > 2 and scores == sorted(scores, reverse=True)
        view.page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "ascending"
        assert [int(text.split()[0]) for text in view.column("queue", 6)] == scores[::-1]
        tutors = view.page.locator("#queue th[data-sort]", has_text="Tutor")
        tutors.locator("button").click()
        assert tutors.get_attribute("aria-sort") == "ascending"
        assert heading.get_attribute("aria-sort") is None
        keys = view.column("queue", 1)
        assert keys == sorted(keys, key=str.lower) and len(keys) == len(scores)


def test_the_queue_searches_and_filters(sites: Sites, browser: Any) -> None:
    rows = sites.warehouse.execute(
        "select tutor_id, risk_level, churn_score from tutormax.churn_predictions "
        "where prediction_date = (select max(prediction_date) from tutormax.churn_predictions)"
    )
    with View(browser, sites.masked / "queue.html") as view:
        page, status = view.page, view.page.get_by_role("status")
        assert set(view.column("queue", 1)) == {key for key, level, _ in rows if level != "Low"}
        page.get_by_label("Low").check()
        assert set(view.column("queue", 1)) == {key for key, *_ in rows}
        assert status.inner_text() == f"{len(rows)} of {len(rows)} shown"
        page.get_by_label("Search").fill("TUTOR-3")
        assert view.column("queue", 1) == [key for key, *_ in rows if key == "tutor-3"]
        page.get_by_label("Search").fill("no such tutor")
        assert view.column("queue", 1) == []
        page.get_by_role("button", name="Show all").click()
        least = sorted(score for *_, score in rows)[1]
        page.get_by_label("Score from").fill(str(least))
        assert set(view.column("queue", 1)) == {key for key, _, score in rows if score >= least}


def test_a_link_of_the_overview_opens_its_part_of_the_queue(sites: Sites, browser: Any) -> None:
    with View(browser, sites.masked / "index.html") as view:
        view.page.locator("table.bars a", has_text="Low").click()
        view.page.wait_for_url("**/queue.html?risk=Low")
        assert set(view.column("queue", 4)) <= {"Low"}
        view.open(sites.masked / "index.html")
        view.page.locator("#head ~ p a", has_text="Silent already").click()
        view.page.wait_for_url("**/queue.html?part=silent")
        assert set(view.column("queue", 2)) == {"Silent already"}
        view.page.locator("#queue tbody tr:not([hidden]) a").first.click()
        view.page.wait_for_url("**/tutors/*.html")
        assert view.page.locator("h1").inner_text() in {
            "tutor-0",
            "tutor-1",
            "tutor-2",
            "tutor-3",
            "tutor-4",
            ODD_KEY,
        }


FORMULAS = ("=1+1", "@SUM(A1)", "+cmd", "-2+3", "Zoe, =2", "Ann")
"""Names of tutors: five of them a spreadsheet would run, here or where semicolons separate."""


@pytest.fixture(scope="module")
def long_lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages with names of 60 tutors, of whom those with higher keys have earlier names."""
    names = [*FORMULAS, *(f"Tutor {99 - n}" for n in range(54))]
    out = tmp_path_factory.mktemp("long") / "site"
    write_site(out, made_site(made_tables(tutors=60, names=names)))
    return out


def test_long_lists_turn_pages_in_the_order_shown(long_lists: Path, browser: Any) -> None:
    with View(browser, long_lists / "tutors/index.html") as view:
        page = view.page

        def shown() -> list[str]:
            names: list[str] = page.evaluate(
                """[...document.querySelectorAll('#tutors tbody tr')]
                    .filter(row => row.offsetHeight)
                    .map(row => row.querySelector('a').textContent)"""
            )
            return names

        pages = [shown()]
        page.evaluate("scrollTo(0, 700)")
        assert (
            page.evaluate("document.querySelector('#tutors th').getBoundingClientRect().top") == 0
        )
        assert page.get_by_role("button", name="Previous").is_disabled()
        for _ in range(2):
            page.get_by_role("button", name="Next").click()
            pages.append(shown())
        assert page.get_by_role("button", name="Next").is_disabled()
        assert page.locator(".pager span").inner_text() == "51–60 of 60"
        assert [len(names) for names in pages] == [25, 25, 10]
        tutors = [name for names in pages for name in names if name.startswith("Tutor ")]
        assert tutors == sorted(tutors)
        page.get_by_role("button", name="Sessions").click()
        assert shown()[0] == "Tutor 46" and len(shown()) == 25
        page.get_by_label("Search").fill("zoe")
        assert shown() == ["Zoe, =2"]
        assert not page.locator(".pager").is_visible()


def test_lists_filter_by_tier_subject_and_location(long_lists: Path, browser: Any) -> None:
    with View(browser, long_lists / "queue.html", query="?location=Porto") as view:
        page = view.page
        assert page.get_by_role("status").inner_text() == "30 of 60 shown"
        page.get_by_label("Subject").select_option("Physics")
        page.get_by_label("Tier").select_option("Exemplary")
        keys = view.column("queue", 1)
        assert sorted(key.split()[-1] for key in keys) == [f"tutor-{n}" for n in range(0, 60, 10)]
        page.get_by_label("Since the previous date").select_option("New at this risk")
        assert [key.split()[-1] for key in view.column("queue", 1)] == ["tutor-0"]
        page.get_by_label("Search").fill("nobody")
        page.get_by_role("button", name="Show all").click()
        assert page.get_by_role("status").inner_text() == "60 of 60 shown"


def test_tables_are_saved_as_csv_without_formulas(long_lists: Path, browser: Any) -> None:
    with View(browser, long_lists / "tutors/index.html") as view:
        view.page.get_by_label("Tier").select_option("Exemplary")
        view.page.get_by_role("button", name="Sessions").click()
        name, rows = view.csv(view.page.get_by_role("button", name="CSV"))
        assert name == "tutors-2025-04-30.csv"
        assert rows[0][:3] == ["Tutor", "Key", "Status"] and len(rows) == 13
        assert [row[6] for row in rows[1:3]] == ["5500", "5000"]
        view.page.get_by_label("Tier").select_option("")
        _, rows = view.csv(view.page.get_by_role("button", name="CSV"))
        saved = {row[1]: row for row in rows[1:]}
        assert len(saved) == 60
        names = [saved[f"tutor-{n}"][0] for n in range(len(FORMULAS))]
        assert names == ["'=1+1", "'@SUM(A1)", "'+cmd", "'-2+3", "Zoe, '=2", "Ann"]
        assert saved["tutor-1"][rows[0].index("Rating, 1–5")] == ""
        view.open(long_lists / "queue.html")
        _, rows = view.csv(view.page.get_by_role("button", name="CSV"))
        ann = dict(zip(rows[0], next(row for row in rows if row[0] == "Ann"), strict=True))
        assert (ann["Score, 0–100"], ann["Change in 7 days"]) == ("60", "-3")
        assert (ann["In 30 days"], ann["Why"]) == ("6.0%", "Falling engagement (99 % of risk)")


def test_every_table_is_saved_as_masked_as_its_page(sites: Sites, browser: Any) -> None:
    personal = personal_values(sites.warehouse)
    with View(browser, sites.masked / "index.html") as view:
        for name in PAGES:
            view.open(sites.masked / name)
            page = view.page
            page.evaluate(
                "for (const each of document.querySelectorAll('details')) each.open = true"
            )
            assert page.locator("table").count() == page.locator("button.csv").count(), name
            shown = " ".join(page.locator("body").inner_text().split())
            for button in page.locator("button.csv").all():
                _, rows = view.csv(button)
                heads = rows[0]
                assert not [cell for row in rows for cell in row if cell in personal], name
                assert len(rows) > 1 and all(len(row) == len(heads) for row in rows), (name, rows)
                assert all(row[0] in shown or row[0].startswith("'") for row in rows[1:]), name


def test_the_age_of_a_build_is_told_by_the_readers_clock(sites: Sites, browser: Any) -> None:
    for now, age in (
        ("2025-05-01T09:30:00Z", "(3 hours ago)"),
        ("2025-05-04T07:00:00Z", "(3 days ago: out of date)"),
    ):
        with View(browser, sites.masked / "queue.html", now=now) as view:
            label = view.page.locator(".label").inner_text()
            assert label == f"Last build 2025-05-01 06:00 UTC {age}"


def test_tables_are_whole_without_scripts(sites: Sites, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((sites.masked / "queue.html").as_uri())
    rows = page.locator("#queue tbody tr")
    assert rows.count() == len(Page(files_of(sites.masked)["queue.html"]).all("tr")) - 1 > 2
    assert all(row.is_visible() for row in rows.all())
    assert not page.locator("form").is_visible()
    context.close()
