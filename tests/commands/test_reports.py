"""The pages: what they say, whom they name, and that they can be made again and again."""

from __future__ import annotations

import re
import shutil
import sys
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import pytest

from support.project import REPOSITORY, environment
from support.reports_site import (
    ODD_KEY,
    ODD_NAME,
    PAGES,
    Page,
    Sites,
    beginning,
    chart_data,
    files_of,
    made_site,
    made_tables,
    personal_values,
    settle_runs,
    table_rows,
    world,
)
from support.tables import merged
from support.warehouses import NewDuckDb, NewPostgres
from tutormax.errors import UserError
from tutormax.operations.project import project_vars
from tutormax.reports.reading import read_tables
from tutormax.reports.reasons import read_meanings
from tutormax.reports.words import RISKS, verdict
from tutormax.reports.writing import MARK, write_site
from tutormax.warehouse import Target


def test_masked_pages_hold_nothing_personal(sites: Sites) -> None:
    personal = personal_values(sites.warehouse)
    assert {"Tutor tutor-1", "tutor-1@example.com", ODD_NAME, "coach-1", "Lisbon"} <= personal
    masked, named = (
        "\n".join(files_of(site).values()).replace("&#39;", "'").replace("&lt;", "<")
        for site in (sites.masked, sites.names)
    )
    masked, named = (text.replace("&gt;", ">") for text in (masked, named))
    assert sorted(value for value in personal if value in masked) == []
    for value in ("Tutor tutor-1", "tutor-1@example.com", ODD_NAME, "coach-1", "Lisbon"):
        assert value in named, value


def test_an_analyst_on_postgres_makes_the_same_pages(
    sites: Sites, new_postgres: NewPostgres, tmp_path: Path
) -> None:
    with new_postgres() as warehouse:
        warehouse.insert(merged(beginning(), world()))
        warehouse.command("roles", "--target", "postgres")
        warehouse.build()
        settle_runs(warehouse)
        person = f"analyst_{uuid4().hex[:8]}"
        warehouse.execute(f"create role {person} login password 'secret' in role tutormax_analyst")
        try:
            warehouse.environment |= {
                "TUTORMAX_PG_USER": person,
                "TUTORMAX_PG_PASSWORD": "secret",
            }
            out = str(tmp_path / "site")
            warehouse.command("reports", "--out", out)
            refused = warehouse.refused("reports", "--names", "--out", out)
        finally:
            warehouse.execute(f"drop role {person}")
    assert "pages with names tutormax_ops" in refused
    made, expected = files_of(tmp_path / "site"), files_of(sites.masked)
    assert made.keys() == expected.keys()
    assert [name for name in made if made[name] != expected[name]] == []


def test_pages_with_names_have_a_folder_of_their_own(
    sites: Sites, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sites.warehouse.command("reports", "--names")
    assert [path.name for path in (tmp_path / "target").iterdir()] == ["reports-names"]
    made = files_of(tmp_path / "target" / "reports-names")
    assert made.keys() == files_of(sites.names).keys()


def test_the_same_warehouse_gives_the_same_bytes_and_nothing_else_stays(sites: Sites) -> None:
    shutil.copytree(sites.masked, sites.folder / "again")
    (sites.folder / "again" / "tutors" / "gone.html").write_text("a tutor who was erased")
    assert files_of(sites.make("again")) == files_of(sites.masked)


def test_pages_say_why_the_churn_model_is_held_back(sites: Sites) -> None:
    with sites.warehouse.copy() as warehouse:
        warehouse.execute(
            "update tutormax.churn_model_status set is_held_back = true, reason = 'It is <odd>.'"
        )
        warehouse.command("reports", "--out", str(sites.folder / "held-back"))
    said = '<p class="alert">It is &lt;odd&gt;.</p>'
    pages = files_of(sites.folder / "held-back")
    saying = {name for name, text in pages.items() if said in text}
    assert saying == {"index.html", "queue.html", "interventions.html", "model.html"}


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(UserError, match="no pages of ours"):
        write_site(tmp_path, {"index.html": ""})
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    write_site(tmp_path / "new", {"index.html": "1"})
    assert write_site(tmp_path / "new", {"b/c.html": "22"}) == 2
    assert set(files_of(tmp_path / "new")) == {MARK, "b/c.html"}


def test_pages_with_names_are_private_and_no_link_is_followed(tmp_path: Path) -> None:
    out = tmp_path / "pages"
    write_site(out, {"a/b.html": "1"}, private=True)
    assert {path.stat().st_mode & 0o077 for path in (out, *out.rglob("*"))} == {0}
    write_site(out, {"a/b.html": "1"})
    assert (out / "a" / "b.html").stat().st_mode & 0o044
    assert [path.name for path in tmp_path.iterdir()] == ["pages"]
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (tmp_path / "planted").symlink_to(theirs)
    with pytest.raises(UserError, match="link"):
        write_site(tmp_path / "planted", {"index.html": "1"})
    assert not list(theirs.iterdir())


def test_what_is_missing_is_said_in_a_sentence(
    sites: Sites, new_warehouse: NewDuckDb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "run `dbt build --target duckdb`" in new_warehouse().refused("reports")
    monkeypatch.delitem(sys.modules, "tutormax.reports.site")
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    refused = sites.warehouse.refused("reports", "--out", str(tmp_path / "out"))
    assert "need the package vl_convert" in refused


def test_every_link_leads_somewhere(sites: Sites) -> None:
    for site in (sites.masked, sites.names, sites.empty):
        files = files_of(site)
        reached, to_read = {"index.html"}, ["index.html"]
        while to_read:
            name = to_read.pop()
            for element in Page(files[name]).elements:
                link = element.attributes.get("href") or element.attributes.get("src") or ""
                parts = urlsplit(link)
                if not link or parts.scheme == "data":
                    continue
                assert not parts.scheme and not parts.netloc, (name, link)
                path = (site / name).parent / unquote(parts.path) if parts.path else site / name
                target = path.resolve().relative_to(site.resolve()).as_posix()
                assert target in files, (name, link)
                if parts.fragment:
                    ids = {e.attributes.get("id") for e in Page(files[target]).elements}
                    assert parts.fragment in ids, (name, link)
                if target.endswith(".html") and target not in reached:
                    reached.add(target)
                    to_read.append(target)
        assert reached == {name for name in files if name.endswith(".html")}


def test_every_page_can_be_read_by_ear_and_by_keyboard(sites: Sites) -> None:
    for site in (sites.names, sites.empty):
        for name, text in files_of(site).items():
            if not name.endswith(".html"):
                continue
            page = Page(text)
            ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
            assert len(ids) == len(set(ids)), name
            tables = page.all("table")
            assert len(page.all("caption")) == len(tables), name
            assert all(th.attributes.get("scope") for th in page.all("th")), name
            assert len(page.all("h1")) == 1 and page.all("html")[0].attributes["lang"] == "en"
            labelled = {label.attributes.get("for") for label in page.all("label")}
            for control in page.all("input") + page.all("select"):
                by_parent = "label" in control.parents
                assert by_parent or control.attributes["id"] in labelled, (name, control)
            for element in page.elements:
                if element.attributes.get("class") == "chart":
                    assert element.attributes["role"] == "img", name
                    assert element.attributes["aria-label"], name
                if element.attributes.get("class") == "scroll":
                    assert element.attributes["tabindex"] == "0", name


def test_names_and_keys_are_text_and_not_markup(sites: Sites) -> None:
    files = files_of(sites.names)
    (odd,) = (name for name in files if name.startswith("tutors/t-1-b"))
    page = Page(files[odd])
    assert page.all("h1")[0].text == ODD_NAME
    assert ODD_KEY in page.all("main")[0].text
    assert "Knows <i>Bela</i> & Finn." in page.all("main")[0].text
    assert all("<script>alert" not in text for text in files.values())
    assert Page(files["queue.html"]).all("span")[0].text == "A <label>"


def test_a_warehouse_with_hardly_a_row_gives_pages_that_say_so(sites: Sites) -> None:
    files = files_of(sites.empty)
    assert {name for name in files if name.endswith(".html")} == set(PAGES) - {
        "tutors/tutor-1.html"
    }
    said = {name: Page(text) for name, text in files.items() if name.endswith(".html")}
    assert "Nothing has been calculated yet" in said["index.html"].all("footer")[0].text
    for name, page in said.items():
        if name == "quality.html":
            continue
        empty = [e for e in page.elements if "empty" in e.attributes.get("class", "").split()]
        assert empty and all(element.text.strip() for element in empty), name
        assert not [e for e in page.elements if "data-chart" in e.attributes], name
        assert not re.search(r"\b(None|nan|undefined)\b", page.all("main")[0].text), name


def test_the_overview_says_what_the_warehouse_holds(sites: Sites) -> None:
    figures = Page(files_of(sites.masked)["index.html"]).figures()
    execute = sites.warehouse.execute
    ((as_of,),) = execute("select max(calculation_date) from tutormax.tutor_performance_metrics")
    at_work = execute(
        "select risk_level, window_30day_probability from tutormax.churn_predictions "
        f"where prediction_date = '{as_of}'"
    )
    assert at_work
    assert figures["Active tutors"] == str(len(at_work))
    assert figures["Expected churn"] == f"{sum(chance for _, chance in at_work):.1f}"
    flagged = sum(level in ("High", "Critical") for level, _ in at_work)
    assert figures["High or critical risk"] == str(flagged)
    ((completed, rating),) = execute(
        f"""select sum(sessions_completed), (
            select avg(overall_rating) from tutormax.student_feedback
            inner join tutormax.sessions using (session_id)
            where submitted_at < '{as_of}' and scheduled_start < '{as_of}'
            and scheduled_start >= timestamptz '{as_of}' - interval 30 day
        ) from tutormax.tutor_performance_metrics
        where calculation_date = '{as_of}' and "window" = '30day'"""
    )
    assert figures["Completed sessions"] == f"{completed:,}"
    assert figures["Mean rating"] == f"{rating:.2f}"


def test_the_queue_says_what_is_at_stake(sites: Sites) -> None:
    files = files_of(sites.names)
    rows = table_rows(files["queue.html"], "queue")
    ((as_of,),) = sites.warehouse.execute(
        "select max(calculation_date)::date from tutormax.tutor_performance_metrics"
    )
    taught: dict[str, list[date]] = defaultdict(list)
    for key, day in sites.warehouse.execute(
        "select tutor_id, scheduled_start::date from tutormax.sessions "
        "where actual_start is not null and not no_show"
    ):
        taught[key].append(day)
    levels = {
        (key, day): level
        for key, day, level in sites.warehouse.execute(
            "select tutor_id, prediction_date::date, risk_level from tutormax.churn_predictions"
        )
    }
    yesterday = as_of - timedelta(days=1)
    first_day = min(min(days) for days in taught.values())
    weeks = (as_of - first_day).days / 7
    seen = set()
    for row in rows:
        key = ODD_KEY if row["Tutor"].startswith(ODD_NAME) else row["Tutor"].split()[-1]
        assert row["Status"] == "Active"
        assert row["Days silent"] == str((as_of - max(taught[key])).days)
        if key in {"leaving", ODD_KEY}:
            assert row["Sessions a week"] == f"{len(taught[key]) / weeks:.1f}"
        since = as_of
        while levels.get((key, since)) == "Critical":
            since -= timedelta(days=1)
        is_critical = levels[key, as_of] == "Critical"
        assert row["Critical since"] == (str(since + timedelta(days=1)) if is_critical else "–")
        rank = {level: n for n, level in enumerate((*RISKS, None))}
        is_new = levels[key, as_of] != "Low" and (
            rank[levels[key, as_of]] < rank[levels.get((key, yesterday))]
        )
        assert row["Risk"].endswith(" new") == is_new
        seen |= {("critical", is_critical), ("new", is_new)}
        assert re.fullmatch(r"–|[A-Z][a-z -]+ \(\d+ % of risk\)(, [a-z -]+ \(\d+ %\))?", row["Why"])
    assert {("critical", True), ("critical", False)} <= seen
    (odd,) = (row for row in rows if row["Tutor"].startswith(ODD_NAME))
    assert odd["Open"] == "Manager coaching In progress, overdue · 1 more"
    assert (odd["Due"], odd["Owner"]) == ("2025-04-27", "coach-1")


def test_the_lists_of_open_interventions_are_as_long_as_their_numbers(sites: Sites) -> None:
    page = files_of(sites.names)["interventions.html"]
    rows = table_rows(page, "under-way")
    assert [row["Assigned to"] for row in rows] == ["coach-1"] * 2
    assert [row["Status"] for row in rows] == ["In progress, overdue", "Pending"]
    figures = Page(page).figures()
    assert {figures[name] for name in ("Overdue", "Pending", "In progress")} == {"1"}


def test_differences_are_those_of_the_published_means(sites: Sites) -> None:
    with environment(sites.warehouse.environment):
        tables = read_tables(
            Target.DUCKDB, REPOSITORY / "reports" / "queries", project_vars(), names=False
        )
    found: dict[tuple[str, date], list[float]] = defaultdict(list)
    for row in tables.open["differences"]:
        if row["avg_rating"] is not None:
            found[row["intervention_type"], row["recommended_month"]].append(row["avg_rating"])
    published = {
        (row["intervention_type"], row["recommended_month"]): row["avg_rating_change"]
        - row["comparison_avg_rating_change"]
        for row in tables.open["effectiveness"]
        if row["comparison_avg_rating_change"] is not None
    }
    assert published
    means = {key: sum(values) / len(values) for key, values in found.items()}
    assert means == pytest.approx(published)


def test_an_overview_without_figures_says_why(sites: Sites) -> None:
    rejected = Page(files_of(sites.empty)["index.html"]).all("main")[0].text
    assert "Every raw row is rejected" in rejected
    assert "Rejected raw rows: 1 of 1." in rejected
    assert "name_missing in students (1). The value is missing" in rejected
    assert "The warehouse is empty: load data" in made_site(made_tables())["index.html"]


def test_nothing_is_drawn_for_nought_and_changes_are_judged(sites: Sites) -> None:
    for site in (sites.names, sites.empty):
        assert all("width:0.0%" not in text for text in files_of(site).values())
    made = [verdict(-0.4, -1, 0), verdict(-0.4, -1, 1), verdict(5, -1), verdict(5, 0)]
    assert made == ["", "better", "worse", ""]
    assert [verdict(None, 1), verdict(5, 1)] == ["", "better"]


def test_a_folder_that_cannot_be_written_is_found_before_the_warehouse_is_read(
    new_warehouse: NewDuckDb, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    assert "no pages of ours" in new_warehouse().refused("reports", "--out", str(tmp_path))


def test_the_calibration_curve_counts_what_the_outcomes_count(sites: Sites) -> None:
    data = chart_data(files_of(sites.masked)["model.html"])
    counted = sites.warehouse.execute(
        "select horizon_days, sum(predictions), sum(churned), "
        "sum(predictions * mean_probability) / sum(predictions) "
        "from tutormax.churn_prediction_outcomes where population = 'all' group by horizon_days"
    )
    assert {horizon for horizon, *_ in counted} == {1, 7, 30}
    assert any(churned for _, _, churned, _ in counted)
    for horizon, predictions, churned, mean in counted:
        tenths = data[f"calibration_{horizon}"]
        sizes = tenths["predictions"]
        assert sum(sizes) == predictions
        observed = sum(n * share for n, share in zip(sizes, tenths["observed"], strict=True))
        assert observed == pytest.approx(churned, abs=0.01)
        predicted = sum(n * p for n, p in zip(sizes, tenths["predicted"], strict=True))
        assert predicted / predictions == pytest.approx(mean, rel=1e-4)


def test_the_features_of_the_model_that_scored_are_drawn_and_told(sites: Sites) -> None:
    pages = files_of(sites.masked)
    assert chart_data(pages["model.html"])["shape_days_since_last_session"]["risk"]
    told = {"all else alike" in pages[name] for name in pages if "tutors/" in name}
    assert told == {True, False}


def test_the_rows_of_each_source_add_up(sites: Sites) -> None:
    (table,) = [
        text
        for text in files_of(sites.masked)["quality.html"].split("<table")
        if "Rows in raw = rows accepted + rows rejected" in text
    ]
    rows = re.findall(r'<th scope="row">([\w ]+)</th><td class="num">([\d,]+)</td>', table)
    shown = {name.lower().replace(" ", "_"): int(count.replace(",", "")) for name, count in rows}
    raw = {
        name: sites.warehouse.execute(f"select count(*) from raw.{name}")[0][0]
        for name in shown
        if name != "all"
    }
    assert len(raw) == 6
    assert shown == raw | {"all": sum(raw.values())}


def test_each_reason_is_shown_with_its_meaning(sites: Sites) -> None:
    said = files_of(sites.masked)["quality.html"]
    rows = re.findall(r"<code>(\w+)</code></th><td data-label=\"Meaning\">(.+?)</td>", said)
    examples = table_rows(files_of(sites.names)["quality.html"], "reasons-table")
    assert "nobody's" in [row["Example"] for row in examples] and "Example" not in said
    meant = {reason: one.text for one in read_meanings(REPOSITORY) for reason in one.reasons}
    assert {"status_not_in_enum", "tutor_not_accepted"} <= dict(rows).keys()
    assert rows == [(reason, meant[reason]) for reason, _ in rows]


def test_the_first_paint_is_light(sites: Sites) -> None:
    needed = ("index.html", "assets/report.css", "assets/tables.js", "assets/charts.js")
    assert sum((sites.names / name).stat().st_size for name in needed) < 2_000_000
