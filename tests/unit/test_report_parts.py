"""What the pages are made of: ranges of effects, names of files, and rows of the queue."""

from __future__ import annotations

import re
from math import sqrt

import pytest

from support.factories import utc
from support.reports_site import made_site, made_tables, table_rows
from tutormax.reports.effects import Effect, effects_of
from tutormax.reports.names import page_names


def test_the_range_of_an_effect_is_over_tutors() -> None:
    def effect(values: str, compared: int) -> Effect:
        rows = [
            {"intervention_type": "x", "tutor_id": value[0], "churn_score": float(value[1:])}
            | {"avg_rating": None, "engagement_score": None}
            for value in values.split()
        ]
        months = [{"intervention_type": "x", "comparison_tutors": compared}]
        (found,) = effects_of(rows, months, min_tutors=3)
        assert found.differences["avg_rating"] is None
        return found

    few = effect("a-1 a-3 b-2", 9)
    assert (few.tutors, few.differences["churn_score"]) == (2, None)
    assert effect("a-1 a-3 b-2 c-6", 2).differences["churn_score"] is None
    # Residuals by tutor are 2, 1 and -3, and 14 * 3/2 / 4**2 = 1.3125.
    reach = 1.96 * sqrt(1.3125 * (1 + 3 / 3))
    assert effect("a-1 a-3 b-2 c-6", 3).differences["churn_score"] == pytest.approx(
        (-3, -3 - reach, -3 + reach, "unclear")
    )
    answers = {
        values: getattr(effect(values, 3000).differences["churn_score"], "answer", None)
        for values in ("a-1 a-3 b-2 c-6", "a1 a3 b2 c6")
    }
    assert answers == {"a-1 a-3 b-2 c-6": "better", "a1 a3 b2 c6": "worse"}


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("tutor_00001", "tutor_00001"),
        ("index", "index."),
        ("T1", "t1."),
        ("../x", "x."),
        ("", "tutor."),
    ],
)
def test_any_key_names_a_page(key: str, name: str) -> None:
    page = page_names([key])[key]
    assert page == name if name == key else page.startswith(name)
    assert re.fullmatch(r"[a-z0-9_.-]+", page)


def test_no_two_keys_share_a_page() -> None:
    keys = ["a/b", "a-b", "A-b", "a b", "a_b", "index", "Index", "con", "ü", "ö", "a-b.1"]
    assert len(set(page_names(keys).values())) == len(keys)


def test_who_left_is_listed_without_a_prediction_even_in_a_silent_market() -> None:
    tables = made_tables(tutors=1)
    (row,) = tables.open["tutors"]
    of_prediction = ("risk_level", "churn_score", "contributing_factors", "risk_level_before")
    row |= dict.fromkeys([name for name in row if name.startswith("window_")])
    row |= dict.fromkeys(of_prediction) | {"queue_part": "left", "days_since_last_session": 20}
    tables.open["silence"] = [{"last_prediction": None, "last_session": utc("2025-04-01")}]
    site = made_site(tables)
    (listed,) = table_rows(site["queue.html"], "queue")
    assert (listed["Part"], listed["Risk"]) == ("Left in the last 30 days", "–")
    assert (listed["Score, 0–100"], listed["In 30 days"]) == ("–", "–")
    assert "no tutor has completed a session since 2025-04-01" in site["queue.html"]
    assert "Nobody who can still be kept is in the queue." in site["index.html"]
