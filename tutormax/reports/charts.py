"""The charts, in Vega-Lite by Altair. Data are in the page, colours in its style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt

from tutormax.reports.words import SOURCES, WINDOWS, words

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
    "labelOverlap": "greedy",
    "labelSeparation": 8,
}
_CONFIG = {
    "font": "system-ui, sans-serif",
    "background": "transparent",
    "view": {"stroke": "transparent"},
    "axis": _AXIS,
    "axisX": {"grid": False},
    "axisY": {"domain": False, "ticks": False},
}


def specs() -> dict[str, Spec]:
    """All charts by name."""
    charts = {
        "ratings": _trend("week", Value("rating", "Mean rating", ".1f", ".2f", within=(4, 5))),
        "no_shows": _weekly_bars(Value("no_show_rate", "No-shows", ".0%", ".1%")),
        "expected_churn": _trend("day", Value("expected", "Tutors", ",.1~f", ",.1f"), area=True),
        "rejected_days": _stacked_days(
            Value("count", "Rows rejected", ",.0f"),
            {words(name): f"var(--series-{n + 1})" for n, name in enumerate(SOURCES)},
        ),
        "score": _trend(
            "day", Value("churn_score", "Score, 0–100", ".0f"), ticks=range(0, 101, 25)
        ),
        "auc": _auc(),
        "calibration": _calibration(),
        "shape": _shape("~r"),
        "shape_of_share": _shape(".0%"),
    }
    for value in (
        Value("sessions_completed", "Sessions", ",.0f"),
        Value("avg_rating", "Rating", ".1f", ".2f", within=(4, 5)),
        Value("first_session_success_rate", "Share", ".0%", within=(0, 1)),
        Value("reschedule_rate", "Share", ".0%", ".1%", within=(0, 0.2)),
        Value("no_show_count", "No-shows", ",.0f", within=(0, 4)),
        Value("engagement_score", "Score", ".1f", ".2f", within=(0.6, 1)),
    ):
        charts[value.field] = _windows(value)
    return {name: _finished(chart) for name, chart in charts.items()}


class Value(NamedTuple):
    """What an axis shows, and how."""

    field: str
    title: str
    form: str
    tooltip_form: str = ""
    within: tuple[float, float] | None = None
    """What the axis covers at least, lest a small change fill the chart; otherwise it has 0."""

    def axis(self, field: str = "", ticks: Sequence[int] = ()) -> Any:
        """The vertical axis; the data may be in another field."""
        scale = alt.Scale(zero=True, nice=True)
        if ticks:
            scale = alt.Scale(domain=[ticks[0], ticks[-1]])
        elif self.within:
            covered = alt.DomainUnionWith(unionWith=list(self.within))
            scale = alt.Scale(domain=covered, zero=False, nice=True)
        ticked: dict[str, Any] = {"values": list(ticks)} if ticks else {"tickCount": 4}
        if self.form.endswith(".0f"):
            ticked["tickMinStep"] = 1
        return alt.Y(
            f"{field or self.field}:Q",
            title=self.title,
            scale=scale,
            axis=alt.Axis(format=self.form, minExtent=34, **ticked),
            stack=None,
        )

    def tooltip(self, field: str = "", title: str = "") -> Any:
        """The value under the pointer."""
        return alt.Tooltip(
            f"{field or self.field}:Q",
            title=title or self.title.lower(),
            format=self.tooltip_form or self.form,
        )


def _finished(chart: Any) -> Spec:
    spec: Spec = chart.properties(width="container", height=180).configure(**_CONFIG).to_dict()
    spec["autosize"] = {"type": "fit", "contains": "padding", "resize": True}
    return spec


def _base() -> Any:
    return alt.Chart(alt.NamedData(name="table"))


def _time(field: str) -> Any:
    return alt.X(
        f"{field}:T",
        title=None,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format="%-d %b", tickCount=4, labelFlush=True),
    )


def _day_of(field: str) -> Any:
    title = "week from" if field == "week" else "day"
    return alt.Tooltip(f"utcyearmonthdate({field}):T", title=title, format="%Y-%m-%d")


def _with_rule(lines: Sequence[Any], field: str, x: Any, tooltips: Sequence[Any]) -> Any:
    """Lines, with a rule at the value of `field` nearest to the pointer that shows their values."""
    nearest = alt.selection_point(
        name="nearest",
        fields=[field],
        nearest=True,
        on="pointerover",
        clear="pointerout",
        empty=False,
    )
    rule = (
        _base()
        .mark_rule(color="var(--muted)")
        .encode(
            x=x,
            opacity=alt.condition(nearest, alt.value(0.6), alt.value(0)),
            tooltip=tooltips,
        )
        .add_params(nearest)
    )
    return alt.layer(*lines, rule)


def _trend(field: str, value: Value, *, area: bool = False, ticks: Sequence[int] = ()) -> Any:
    """One line over days or weeks."""
    axes = {"x": _time(field), "y": value.axis(ticks=ticks)}
    lines = [_base().mark_line(color="var(--accent)", strokeWidth=2).encode(**axes)]
    if area:
        lines.insert(0, _base().mark_area(color="var(--accent)", opacity=0.12).encode(**axes))
    return _with_rule(lines, field, axes["x"], [_day_of(field), value.tooltip()])


def _weekly_bars(value: Value) -> Any:
    return (
        _base()
        .mark_bar(color="var(--accent)", width={"band": 0.7})
        .encode(
            x=alt.X(
                "utcyearmonthdate(week):O",
                title=None,
                axis=alt.Axis(format="%-d %b", labelAngle=0, ticks=False),
            ),
            y=value.axis(),
            tooltip=[_day_of("week"), value.tooltip()],
        )
    )


def _stacked_days(value: Value, colours: dict[str, str]) -> Any:
    """Stacked bars per day; the data have one row per day and `kind`, ordered by `rank`."""
    return (
        _base()
        .mark_bar(binSpacing=0.5)
        .encode(
            x=alt.X(
                "utcyearmonthdate(day):T",
                title=None,
                scale=alt.Scale(type="utc"),
                axis=alt.Axis(format="%-d %b", tickCount=4, labelFlush=True),
            ),
            y=value.axis().stack("zero"),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=list(colours), range=list(colours.values())),
                legend=None,
            ),
            order=alt.Order("rank:Q"),
            tooltip=[_day_of("day"), alt.Tooltip("kind:N", title="source"), value.tooltip()],
        )
    )


def _windows(value: Value) -> Any:
    """Lines of one metric, one per window."""
    fields = {f"{value.field}_{window}": meaning for window, meaning in WINDOWS.items()}

    def by_window(*looks: Any) -> dict[str, Any]:
        return {"scale": alt.Scale(domain=list(fields), range=list(looks)), "legend": None}

    lines = (
        _base()
        .transform_fold(list(fields), as_=["metric_window", "value"])
        .mark_line(strokeWidth=1.6)
        .encode(
            x=_time("day"),
            y=value.axis("value"),
            color=alt.Color(
                "metric_window:N", **by_window(*(f"var(--window-{window})" for window in WINDOWS))
            ),
            strokeDash=alt.StrokeDash("metric_window:N", **by_window([1, 0], [1, 0], [5, 3])),
        )
    )
    tooltips = [value.tooltip(field, meaning) for field, meaning in fields.items()]
    return _with_rule([lines], "day", _time("day"), [_day_of("day"), *tooltips])


def _auc() -> Any:
    """The AUC of the model and of its baseline by month."""
    fields = {"auc": "model", "baseline_auc": "baseline"}
    value = Value("value", "AUC", ".1f", ".3f")

    def by_field(*looks: Any) -> dict[str, Any]:
        return {"scale": alt.Scale(domain=list(fields), range=list(looks)), "legend": None}

    # A rule at 0.5, chance, which extends the axis to it.
    blind = _base().mark_rule(color="var(--muted)", opacity=0.4).encode(y=alt.datum(0.5))
    lines = (
        _base()
        .transform_fold(list(fields), as_=["who", "value"])
        .mark_line(point=alt.OverlayMarkDef(size=40), strokeWidth=2)
        .encode(
            x=alt.X(
                "utcyearmonth(month):O",
                title=None,
                axis=alt.Axis(format="%b %y", labelAngle=0),
            ),
            y=alt.Y(
                "value:Q",
                title="AUC",
                scale=alt.Scale(domainMax=1, zero=False, nice=True),
                axis=alt.Axis(format=".1f", tickCount=4, minExtent=34),
            ),
            color=alt.Color("who:N", **by_field("var(--accent)", "var(--muted)")),
            strokeDash=alt.StrokeDash("who:N", **by_field([1, 0], [5, 3])),
            tooltip=[
                alt.Tooltip("utcyearmonth(month):T", title="month", format="%Y-%m"),
                *(value.tooltip(field, f"AUC, {who}") for field, who in fields.items()),
            ],
        )
    )
    return alt.layer(blind, lines)


def _calibration() -> Any:
    """Predicted vs. actual churn in ten groups; on the diagonal they are equal.

    `edge` has the ends of the diagonal, 0 and the largest value. Most probabilities are small, so
    both axes are on a square-root scale.
    """
    scale = alt.Scale(type="sqrt", domainMin=0)

    def axis(kind: Any, field: str, title: str, extent: int) -> Any:
        ticks = alt.Axis(format=".0%", values=[0, 0.01, 0.05, 0.2, 0.5, 1], minExtent=extent)
        return kind(f"{field}:Q", title=title, scale=scale, axis=ticks)

    def at(x: str, y: str) -> dict[str, Any]:
        return {
            "x": axis(alt.X, x, "Predicted (√ scale)", 0),
            "y": axis(alt.Y, y, "Churned (√ scale)", 34),
        }

    diagonal = (
        _base()
        .mark_line(color="var(--muted)", strokeDash=[5, 3], strokeWidth=1.2)
        .encode(**at("edge", "edge"))
    )
    points = (
        _base()
        .mark_line(color="var(--accent)", point=alt.OverlayMarkDef(color="var(--accent)", size=40))
        .encode(
            **at("predicted", "observed"),
            tooltip=[
                alt.Tooltip("tenth:Q", title="tenth"),
                alt.Tooltip("predictions:Q", title="predictions", format=",.0f"),
                alt.Tooltip("predicted:Q", title="predicted", format=".1%"),
                alt.Tooltip("observed:Q", title="churned", format=".1%"),
            ],
        )
    )
    return alt.layer(diagonal, points)


def _shape(form: str) -> Any:
    """The risk by the value of a feature, above the share of tutors in each bin of the values."""
    x = alt.X(
        "value:Q",
        title=None,
        scale=alt.Scale(zero=False, nice=False),
        axis=alt.Axis(format=form, tickCount=4, labelFlush=True),
    )
    covered = alt.DomainUnionWith(unionWith=[0.5, 2])
    y = alt.Y(
        "risk:Q",
        title="Risk",
        scale=alt.Scale(type="log", domain=covered, nice=False),
        axis=alt.Axis(
            labelExpr="'\N{MULTIPLICATION SIGN}' + datum.label",
            format="~r",
            values=[0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32],
            minExtent=34,
        ),
    )
    bars = (
        _base()
        .transform_filter("isValid(datum.end)")
        .mark_rect(color="var(--muted)", opacity=0.3, stroke="var(--card)", strokeWidth=0.5)
        .encode(
            x=x,
            x2="end:Q",
            y=alt.Y("share:Q", scale=alt.Scale(domain=[0, 2]), axis=None),
            y2=alt.datum(0),
        )
    )
    usual = _base().mark_rule(color="var(--muted)", strokeDash=[5, 3]).encode(y=alt.datum(1))
    line = _base().mark_line(color="var(--accent)", strokeWidth=2).encode(x=x, y=y)
    tooltips = [
        alt.Tooltip("value:Q", title="value", format=".1%" if form == ".0%" else ".3~r"),
        alt.Tooltip("risk:Q", title="times average", format=".2f"),
        alt.Tooltip("share:Q", title="tutors in the bin", format=".1%"),
    ]
    lines = _with_rule([line, usual], "value", x, tooltips)
    return alt.layer(bars, lines).resolve_scale(y="independent")
