"""The charts, as Vega-Lite by Altair. Data come with each page, colours from its style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from tutormax.reports.words import RISKS, SOURCES, WINDOWS, words

Spec = dict[str, Any]

_AXIS = {
    "labelColor": "var(--muted)",
    "titleColor": "var(--muted)",
    "domainColor": "var(--line)",
    "tickColor": "var(--line)",
    "gridColor": "var(--line)",
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "titlePadding": 8,
    "labelPadding": 5,
}
_CONFIG = {
    "font": "system-ui, sans-serif",
    "background": "transparent",
    "view": {"stroke": "transparent"},
    "axis": _AXIS,
    "axisX": {"grid": False},
    "axisY": {"domain": False, "ticks": False, "tickCount": 4},
    "legend": {
        "labelColor": "var(--muted)",
        "labelFontSize": 12,
        "orient": "top",
        "symbolStrokeWidth": 3,
    },
}

_DAY = alt.Tooltip("utcyearmonthdate(day):T", title="day", format="%Y-%m-%d")


def specs() -> dict[str, Spec]:
    """Every chart of the pages by its name."""
    charts = {
        "ratings": _days("week", "Mean rating, 1–5", ".2f", {"rating": "mean rating"}),
        "no_shows": _bars("No-shows of sessions", ".1%", "no_show_rate", "no-shows"),
        "expected_churn": _days(
            "day", "Tutors", ".1f", {"expected": "expected to churn"}, zero=True
        ),
        "risk_days": _stacked("Tutors", _colours("risk", RISKS)),
        "rejected_days": _stacked(
            "Rows refused", {words(name): f"var(--series-{n + 1})" for n, name in enumerate(SOURCES)}
        ),
        "score": _score(),
        "auc": _auc(),
        "calibration": _calibration(),
    }
    for name, title, form, zero in (
        ("sessions_completed", "Sessions", ",.0f", True),
        ("avg_rating", "Rating, 1–5", ".2f", False),
        ("first_session_success_rate", "Share", ".0%", True),
        ("reschedule_rate", "Share", ".0%", True),
        ("no_show_count", "No-shows", ",.0f", True),
        ("engagement_score", "Score, 0–1", ".2f", False),
    ):
        charts[name] = _windows(name, title, form, zero=zero)
    return {name: _finished(chart) for name, chart in charts.items()}


def _finished(chart: Any) -> Spec:
    spec: Spec = chart.properties(width="container", height=180).configure(**_CONFIG).to_dict()
    spec["autosize"] = {"type": "fit", "contains": "padding", "resize": True}
    return spec


def _colours(prefix: str, names: Sequence[str]) -> dict[str, str]:
    return {name: f"var(--{prefix}-{name.lower().replace(' ', '-')})" for name in names}


def _base() -> Any:
    return alt.Chart(alt.NamedData(name="table"))


def _x(field: str = "day") -> Any:
    return alt.X(
        f"{field}:T",
        title=None,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format="%-d %b", tickCount=4, labelFlush=True, labelOverlap=True),
    )


def _y(field: str, title: str, form: str, **scale: Any) -> Any:
    return alt.Y(
        f"{field}:Q", title=title, scale=alt.Scale(**scale), axis=alt.Axis(format=form, minExtent=34)
    )


def _with_rule(lines: Any, field: str, tooltips: list[Any]) -> Any:
    """Lines, and a rule at the day nearest to the pointer that names all their values."""
    nearest = alt.selection_point(
        name="nearest", fields=[field], nearest=True, on="pointerover", clear="pointerout", empty=False
    )
    rule = (
        _base()
        .mark_rule(color="var(--muted)")
        .encode(
            x=_x(field),
            opacity=alt.condition(nearest, alt.value(0.6), alt.value(0)),
            tooltip=tooltips,
        )
        .add_params(nearest)
    )
    return alt.layer(*lines, rule)


def _days(field: str, title: str, form: str, values: dict[str, str], *, zero: bool = False) -> Any:
    """One line over days or weeks."""
    ((name, meaning),) = values.items()
    y = _y(name, title, form, zero=zero, nice=True)
    line = _base().mark_line(color="var(--accent)", strokeWidth=2).encode(x=_x(field), y=y)
    area = _base().mark_area(color="var(--accent)", opacity=0.12).encode(x=_x(field), y=y)
    what = "week from" if field == "week" else "day"
    tooltips = [
        alt.Tooltip(f"utcyearmonthdate({field}):T", title=what, format="%Y-%m-%d"),
        alt.Tooltip(f"{name}:Q", title=meaning, format=form),
    ]
    return _with_rule([area, line] if zero else [line], field, tooltips)


def _bars(title: str, form: str, name: str, meaning: str) -> Any:
    """One bar a week."""
    return (
        _base()
        .mark_bar(color="var(--accent)", width={"band": 0.7})
        .encode(
            x=alt.X(
                "utcyearmonthdate(week):O",
                title=None,
                axis=alt.Axis(format="%-d %b", labelOverlap=True, labelAngle=0, ticks=False),
            ),
            y=_y(name, title, form, zero=True, nice=True),
            tooltip=[
                alt.Tooltip("utcyearmonthdate(week):T", title="week from", format="%Y-%m-%d"),
                alt.Tooltip(f"{name}:Q", title=meaning, format=form),
            ],
        )
    )


def _stacked(title: str, colours: dict[str, str]) -> Any:
    """Bars of a day, one colour a kind; the data have a column `kind` and a column `count`."""
    return (
        _base()
        .mark_bar(width={"band": 0.9})
        .encode(
            x=_x(),
            y=_y("count", title, ",.0f", zero=True, nice=True),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=list(colours), range=list(colours.values())),
                legend=alt.Legend(title=None, columns=3, symbolType="square"),
            ),
            order=alt.Order("rank:Q"),
            tooltip=[
                _DAY,
                alt.Tooltip("kind:N", title="kind"),
                alt.Tooltip("count:Q", title="count", format=",.0f"),
            ],
        )
    )


def _windows(metric: str, title: str, form: str, *, zero: bool) -> Any:
    """Three lines of one metric: the windows of 7, 30 and 90 days."""
    fields = {f"{metric}_{window}": meaning for window, meaning in WINDOWS.items()}
    lines = (
        _base()
        .transform_fold(list(fields), as_=["metric_window", "value"])
        .mark_line()
        .encode(
            x=_x(),
            y=_y("value", title, form, zero=zero, nice=True),
            color=_by_window(fields, [f"var(--window-{window})" for window in WINDOWS]),
            strokeDash=alt.StrokeDash(
                "metric_window:N",
                scale=alt.Scale(domain=list(fields), range=[[1, 0], [1, 0], [5, 3]]),
                legend=None,
            ),
            strokeWidth=alt.StrokeWidth(
                "metric_window:N",
                scale=alt.Scale(domain=list(fields), range=[1.2, 2.2, 1.6]),
                legend=None,
            ),
        )
    )
    values = [alt.Tooltip(f"{name}:Q", title=text, format=form) for name, text in fields.items()]
    return _with_rule([lines], "day", [_DAY, *values])


def _by_window(fields: dict[str, str], colours: list[str]) -> Any:
    return alt.Color(
        "metric_window:N", scale=alt.Scale(domain=list(fields), range=colours), legend=None
    )


def _score() -> Any:
    """The churn score; the grid is where a level of risk ends."""
    line = (
        _base()
        .mark_line(color="var(--accent)", strokeWidth=2)
        .encode(
            x=_x(),
            y=alt.Y(
                "churn_score:Q",
                title="Score, 0–100",
                scale=alt.Scale(domain=[0, 100]),
                axis=alt.Axis(values=[0, 25, 50, 75, 100], minExtent=34),
            ),
        )
    )
    tooltips = [_DAY, alt.Tooltip("churn_score:Q", title="churn score", format=".0f")]
    return _with_rule([line], "day", tooltips)


def _auc() -> Any:
    """The AUC of the model and of its baseline by month."""
    names = {"auc": "model", "baseline_auc": "baseline"}
    return (
        _base()
        .transform_fold(list(names), as_=["who", "value"])
        .mark_line(point=alt.OverlayMarkDef(size=40), strokeWidth=2)
        .encode(
            x=alt.X(
                "utcyearmonth(month):O",
                title="Month of the predictions",
                axis=alt.Axis(format="%b %Y", labelAngle=0, labelOverlap=True),
            ),
            y=_y("value", "AUC", ".1f", domain=[0.4, 1]),
            color=alt.Color(
                "who:N",
                scale=alt.Scale(
                    domain=list(names), range=["var(--accent)", "var(--muted)"]
                ),
                legend=None,
            ),
            strokeDash=alt.StrokeDash(
                "who:N", scale=alt.Scale(domain=list(names), range=[[1, 0], [5, 3]]), legend=None
            ),
            tooltip=[
                alt.Tooltip("utcyearmonth(month):T", title="month", format="%Y-%m"),
                *[alt.Tooltip(f"{n}:Q", title=f"AUC, {t}", format=".3f") for n, t in names.items()],
            ],
        )
    )


def _calibration() -> Any:
    """What was predicted against what came, in tenths; on the diagonal both are the same."""
    scale = alt.Scale(domainMin=0, nice=True)
    diagonal = (
        _base()
        .mark_line(color="var(--muted)", strokeDash=[5, 3], strokeWidth=1.2)
        .encode(
            x=alt.X("predicted:Q", scale=scale),
            y=alt.Y("predicted:Q", scale=scale),
        )
    )
    points = (
        _base()
        .mark_line(
            color="var(--accent)", strokeWidth=2, point=alt.OverlayMarkDef(color="var(--accent)", size=40)
        )
        .encode(
            x=alt.X(
                "predicted:Q",
                title="Predicted, mean of a tenth",
                scale=scale,
                axis=alt.Axis(format=".0%", tickCount=4),
            ),
            y=alt.Y(
                "observed:Q", title="Churned", scale=scale, axis=alt.Axis(format=".0%", minExtent=34)
            ),
            tooltip=[
                alt.Tooltip("tenth:Q", title="tenth"),
                alt.Tooltip("predictions:Q", title="predictions", format=",.0f"),
                alt.Tooltip("predicted:Q", title="predicted", format=".1%"),
                alt.Tooltip("observed:Q", title="churned", format=".1%"),
            ],
        )
    )
    return alt.layer(diagonal, points)
