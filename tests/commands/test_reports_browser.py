"""The pages in a browser: they open from disk, sort, search, and are dark at night."""

from __future__ import annotations

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
)


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


class View:
    """A page in a browser that is far from UTC, and what it complained of or asked for."""

    def __init__(self, browser: Any, path: Path, *, query: str = "", **context: Any) -> None:
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
        self.open(path, query)

    def open(self, path: Path, query: str = "") -> None:
        self.page.goto(path.as_uri() + query)
        self.page.wait_for_function(
            "[...document.querySelectorAll('.chart')].every(chart => chart.querySelector('svg'))"
        )

    def __enter__(self) -> View:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith(("file:", "data:"))] == []

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
            charts = page.locator(".chart").count()
            assert (charts > 0) == (kind == "names" and name in CHARTED), name
            assert page.locator(".chart svg path, .chart svg rect").count() >= charts


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
        scores = [int(text.split()[0]) for text in view.column("queue", 3)]
        assert len(scores) > 2 and scores == sorted(scores, reverse=True)
        heading = view.page.locator("#queue th[data-sort]", has_text="Score")
        assert heading.get_attribute("aria-sort") == "descending"
        heading.locator("button").focus()
        view.page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "ascending"
        assert [int(text.split()[0]) for text in view.column("queue", 3)] == scores[::-1]
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
        assert set(view.column("queue", 2)) <= {"Low"}
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


def test_tables_are_whole_without_scripts(sites: Sites, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((sites.masked / "queue.html").as_uri())
    rows = page.locator("#queue tbody tr")
    assert rows.count() == len(Page(files_of(sites.masked)["queue.html"]).all("tr")) - 1 > 2
    assert all(row.is_visible() for row in rows.all())
    assert not page.locator("form").is_visible()
    context.close()
