"""The model card: data, figures, and where the model loses to baselines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version as installed
from pathlib import Path

import numpy as np

from tutormax.train.baselines import TREES as TREE_SETTINGS
from tutormax.train.fitting import FOLDS, LONGER_LEVELS, Fit
from tutormax.train.judging import Figures
from tutormax.train.model import DIGITS, MOST_KNOTS
from tutormax.train.monitoring import ODDS, Capacity
from tutormax.train.panel import HORIZONS, INTERVALS, RECENCY, Panel, in_days
from tutormax.train.shapes import OUTERMOST
from tutormax.train.splitting import TEST_TUTORS
from tutormax.train.training import OURS, RATE, RECENCY_ALONE, TREES, Trained

FOLDER = Path("docs") / "models"

_NEAR_AUC = 0.0005
_NEAR_BRIER = 0.00005


def card_path(out: Path, version: str) -> Path:
    """The path of the card of a version under `out`."""
    return out / FOLDER / f"{version}.md"


def card_text(trained: Trained, data: str) -> str:
    """The text of the card; `data` describes the data in a sentence."""
    sections = [
        [f"# Churn model {trained.model.version}", *_objections(trained), *_purpose(trained.panel)],
        ["## Data", *_data(trained, data)],
        ["## Split", *_split(trained)],
        ["## Figures", *_figures(trained)],
        ["## Where it loses", *_losses(trained)],
        ["## Risk levels", *_levels(trained)],
        ["## Method", *_method(trained)],
        ["## Shapes", *_shapes(trained)],
    ]
    return "\n\n".join("\n\n".join(section) for section in sections) + "\n"


def table(heading: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table; the first `left` columns are left-aligned, the others right-aligned."""
    rule = ["---"] * left + ["---:"] * (len(heading) - left)
    return "\n".join("| " + " | ".join(row) + " |" for row in [heading, rule, *rows])


def figure_cells(figures: Figures | None) -> list[str]:
    """AUC, Brier score, calibration error and mean prediction as table cells."""
    if figures is None:
        return ["-"] * 4
    return [
        "-" if figures.auc is None else f"{figures.auc:.3f}",
        f"{figures.brier:.4f}",
        f"{figures.ece:.4f}",
        f"{figures.predicted:.4f}",
    ]


def _objections(trained: Trained) -> list[str]:
    if not trained.objections:
        return []
    return [
        "**Trained with --force; training would have been refused:** "
        f"{'; '.join(trained.objections)}."
    ]


def _purpose(panel: Panel) -> list[str]:
    return [
        "The probability that an active tutor churns within 1, 7, 30 and 90 days. A tutor counts "
        "as churned from the day after the last completed session once "
        f"{panel.inactivity_days} open days have passed without another. A tutor whose churn day "
        "is on or before the day of the prediction, but was not known by then, counts as churned "
        "at every horizon."
    ]


def _data(trained: Trained, data: str) -> list[str]:
    panel = trained.panel
    rows = [
        ("Tutor-days", f"{len(panel):,}"),
        ("Tutors", f"{panel.tutors():,}"),
        ("Tutors known to have churned", f"{panel.churners():,}"),
        ("Predictions dated", f"{_date(panel.day.min())} to {_date(panel.day.max())}"),
        ("As of", _date(panel.as_of)),
        ("Churn known before", _date(panel.known_until)),
        ("Features", f"{len(panel.names)}"),
    ]
    told = data.strip() or "What the data are, and whether they are real, was not said in training."
    return [told, table(("", ""), rows)]


def _split(trained: Trained) -> list[str]:
    parts = trained.split
    rows = [
        (
            name,
            f"{part.tutors():,}",
            f"{part.churners():,}",
            f"{len(part):,}",
            f"{_date(part.day.min())} to {_date(part.day.max())}" if len(part) else "none",
        )
        for name, part in (("Training", parts.train), ("Test", parts.test))
    ]
    return [
        f"By tutor and by time: a hash of its id puts {TEST_TUTORS:.0%} of the tutors into the "
        f"test part, which begins on {_date(parts.test_start)}. The training part has the other "
        "tutors, and of them only rows whose window of days ahead ends by then.",
        table(("part", "tutors", "of them churned", "tutor-days", "dated"), rows),
    ]


def _figures(trained: Trained) -> list[str]:
    if not trained.figures:
        return ["The test part holds no row, so nothing is known about how good the model is."]
    return [
        "On the test part alone. The calibration error is the mean distance between mean "
        "prediction and share churned over tenths of the rows by prediction. A tutor's days are "
        "much alike: the rows are many, the tutors who churned in them few.",
        f"Tutors with a completed session in the {in_days(trained.panel.recent_days)} before, who "
        "can still be kept:",
        _figure_table(trained.active_figures),
        "All, with those who are silent already:",
        _figure_table(trained.figures),
        "The baselines are fitted to the same training part. "
        f"{TREES.capitalize()}: scikit-learn's HistGradientBoosting on the same features, one "
        f"model a horizon ({_settings()}). {RECENCY_ALONE.capitalize()}: this method with the one "
        f"feature `{RECENCY}`. {RATE.capitalize()}: the share that churned in the training part.",
        *_too_short(trained),
    ]


def _figure_table(figures: dict[int, dict[str, Figures]]) -> str:
    rows = []
    for horizon, by_name in figures.items():
        for name, found in by_name.items():
            size = [f"{found.rows:,}", f"{found.churned:,}", f"{found.rate:.4f}"]
            first = [in_days(horizon), *size] if name == OURS else ["", "", "", ""]
            rows.append([first[0], name, *first[1:], *figure_cells(found)])
    heading = ("horizon", "predicted by", "rows", "churned", "base rate", "AUC", "Brier score")
    return table((*heading, "calibration error", "mean prediction"), rows, left=2)


def _settings() -> str:
    return ", ".join(f"{name} {value:g}" for name, value in TREE_SETTINGS.items())


def _too_short(trained: Trained) -> list[str]:
    missing = [horizon for horizon in HORIZONS if horizon > trained.split.horizon]
    if not missing:
        return []
    named = " and ".join(f"{horizon}" for horizon in missing)
    return [f"The data are too short to learn or judge {named} days; nothing vouches for those."]


def _losses(trained: Trained) -> list[str]:
    lines = []
    for horizon, by_name in trained.figures.items():
        ours = by_name[OURS]
        for name in (TREES, RECENCY_ALONE, RATE):
            other = by_name[name]
            parts = []
            if ours.auc is not None and other.auc is not None and other.auc - ours.auc >= _NEAR_AUC:
                parts.append(f"by {other.auc - ours.auc:.3f} in AUC")
            if ours.brier - other.brier >= _NEAR_BRIER:
                parts.append(f"by {ours.brier - other.brier:.4f} in Brier score")
            if ours.ece - other.ece >= _NEAR_BRIER:
                parts.append(f"by {ours.ece - other.ece:.4f} in calibration error")
            if parts:
                lines.append(f"- {in_days(horizon)}: against {name} {', '.join(parts)}.")
    if not trained.figures:
        return ["Not known: there is no test."]
    return ["\n".join(lines)] if lines else ["Against none of the baselines, on this test."]


def _levels(trained: Trained) -> list[str]:
    counts = {item.level: item for item in trained.levels}
    rows = []
    for band in trained.bands:
        count = counts.get(band.level)
        share = f"{count.churned / count.rows:.4f}" if count and count.rows else "-"
        rows.append(
            (
                band.level,
                f"{band.probability_from:g} to {band.probability_to:g}",
                f"{band.score_from} to {band.score_to}",
                f"{count.rows:,}" if count else "-",
                share if trained.split.horizon >= 30 else "-",
            )
        )
    return [
        f"By the 30-day probability. {_edges(trained.capacity)}",
        table(
            ("level", "probability", "score", "test rows", "of them churned within 30 days"), rows
        ),
        f"Lead time: of {trained.lead_time.rows} tutors of the test part who churned, "
        f"{trained.lead_time.churned} were High or Critical 7 days before their last session.",
    ]


def _edges(capacity: Capacity | None) -> str:
    if capacity is None:
        return (
            "The edges are the mean prediction over the training part, and 3 and 10 times its odds."
        )
    return (
        f"The edges follow a capacity of {capacity.asked} tutors a week: in the last "
        f"{in_days(7 * capacity.weeks)} of the data, {capacity.weekly:.1f} tutors a week were High "
        "or Critical on some day. Medium begins at a third of the odds of High, Critical at "
        f"{ODDS[2] / ODDS[1]:.1f} times them."
    )


def _method(trained: Trained) -> list[str]:
    rows = [
        (f"{start} to {end}", *_fit_cells(fit))
        for (start, end), fit in zip(INTERVALS, trained.fits, strict=True)
    ]
    return [
        "A discrete-time survival model: for each interval of days a logistic regression of "
        "churning in it for those who had not churned before; P(H) = 1 - Π(1 - h) over the "
        "intervals up to H. It is additive: each feature adds a shape, straight lines between at "
        f"most {MOST_KNOTS} knots at quantiles of the training part ({OUTERMOST:.0%} to "
        f"{1 - OUTERMOST:.0%}). Values outside the knots count as the nearest knot; an unknown one "
        "adds a number of its own; a feature that does not vary adds nothing.",
        "A tutor's days in a row are nearly the same row, so the longer intervals learn from "
        "every sixth or seventh day of each tutor. The penalty on steep and bent shapes is the one "
        f"with the least log loss over {FOLDS} folds by tutor within the training part. An "
        f"interval has {', '.join(f'`{name}`' for name in LONGER_LEVELS)} only if these lower that "
        "loss. The "
        "log-odds that each fold gets from the others are then calibrated (Platt) on the later "
        "half of the dates; slope and shift are folded into the shapes, which are stored with "
        f"{DIGITS} decimals.",
        table(
            (
                "days",
                "rows",
                "churned",
                "tutors churned",
                "penalty",
                "calibration slope",
                "and shift",
            ),
            rows,
        ),
        *_derived(trained),
        f"Boosted trees by scikit-learn {installed('scikit-learn')}.",
    ]


def _fit_cells(fit: Fit) -> tuple[str, ...]:
    if fit.derived_from:
        return ("derived", "-", "-", "-", "-", "-")
    counts = (f"{fit.rows:,}", f"{fit.churned:,}", f"{fit.tutors_churned:,}")
    return (*counts, f"{fit.penalty:g}", f"{fit.slope:.3f}", f"{fit.shift:.3f}")


def _derived(trained: Trained) -> list[str]:
    lines = []
    for (start, end), fit in zip(INTERVALS, trained.fits, strict=True):
        if fit.derived_from:
            first, last = fit.derived_from
            lines.append(
                f"Days {start} to {end} could not be learned: their hazard is that of days {first} "
                f"to {last}, at a constant daily rate for the average tutor."
            )
    return lines


def _shapes(trained: Trained) -> list[str]:
    model = trained.model
    rows = []
    for number, name in enumerate(model.names):
        shapes = [hazard.shapes[number] for hazard in model.hazards]
        if len(shapes[0].knots):
            knots = ", ".join(f"{knot:.4g}" for knot in shapes[0].knots)
            added = (", ".join(f"{value:+.2f}" for value in shape.values) for shape in shapes)
            unknown = ", ".join(f"{shape.unknown:+.2f}" for shape in shapes)
            rows.append((f"`{name}`", knots, *added, unknown))
    heading = ("feature", "knots", *(f"{start} to {end}" for start, end in INTERVALS), "unknown")
    return [
        "What each feature adds to the log-odds of each interval, in days, at its knots, and in "
        "each interval when it is unknown; zero on average over the training part. Features that "
        "go together share their weight: a single shape is no cause.",
        table(heading, rows, left=len(heading)),
    ]


def _date(day: int | np.int64) -> str:
    return str(np.datetime64(int(day), "D"))
