"""Predictors side by side on the same rows, for all active tutors and for those not silent yet.

Lead time is the share of the tutors who churned that was flagged 7 days before the last session.
Flagged by the model is who is High or Critical; flagged by the others are as many rows, those of
the highest 30-day probability (of equal ones, the share that is left).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from tutormax.train.baselines import Predictor, boosted_trees, constant_rate, recency
from tutormax.train.judging import Figures, judge
from tutormax.train.panel import Bools, Floats, Panel, in_days
from tutormax.train.seeds import BANDS, read_rows
from tutormax.train.training import (
    LEAD_DAYS,
    OURS,
    RATE,
    RECENCY_ALONE,
    TREES,
)

FLAG_HORIZON = 30


@dataclass(frozen=True)
class Said:
    """What predictors said of the same rows within one horizon, by name, and what came."""

    churned: Bools
    leads: Bools  # the last session is 7 days after the row
    is_active: Bools  # a completed session in the days before
    flagged: Bools
    by_name: dict[str, Floats]


def said(panel: Panel, horizon: int, flagged: Bools, by_name: dict[str, Floats]) -> Said:
    """What was said of the rows of `panel`."""
    return Said(
        churned=panel.churned(horizon),
        # A tutor churns on the day after the last session.
        leads=panel.churn_in == LEAD_DAYS + 1,
        is_active=panel.is_active(),
        flagged=flagged,
        by_name=by_name,
    )


def together(parts: Sequence[Said]) -> Said:
    """The rows of all parts."""
    return Said(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("churned", "leads", "is_active", "flagged")
        ),
        {name: np.concatenate([part.by_name[name] for part in parts]) for name in parts[0].by_name},
    )


def baselines(learned: Panel, horizon: int) -> Callable[[int], dict[str, Predictor]]:
    """The baselines fitted to the rows `learned`, of which `horizon` is known; by horizon."""
    by_recency = recency(learned, horizon)
    return lambda at: {
        TREES: boosted_trees(learned, at),
        RECENCY_ALONE: by_recency(at),
        RATE: constant_rate(learned, at),
    }


def high_from(folder: Path, version: str) -> float:
    """The 30-day probability from which a version calls a tutor High, from its seed."""
    edges = [row[2] for row in read_rows(folder / BANDS) if row[:2] == [version, "High"]]
    return float(edges[0])


def lead_time(one: Said, name: str, rows: Bools) -> float | None:
    """The share of the tutors who left, flagged 7 days before their last session."""
    leads = one.leads & rows
    if not leads.any():
        return None
    if name == OURS:
        return float(one.flagged[leads].mean())
    flags = int((one.flagged & rows).sum())
    if not flags:
        return 0.0
    values, at = one.by_name[name][rows], one.by_name[name][leads]
    edge = np.sort(values)[-flags]
    rest = (flags - (values > edge).sum()) / (values == edge).sum()
    return float((at > edge).mean() + (at == edge).mean() * rest)


def show(title: str, by_horizon: Mapping[int, Said], console: Console) -> None:
    """Print a table for each population."""
    for population in ("all", "active"):
        table = Table(title=f"{title}; {population}")
        for column in ("horizon", "predicted by"):
            table.add_column(column)
        for column in ("rows", "churned", "AUC", "Brier", "calibration error", "lead time"):
            table.add_column(column, justify="right")
        for horizon, one in by_horizon.items():
            rows = one.is_active if population == "active" else np.ones_like(one.is_active)
            for name, predicted in one.by_name.items():
                figures = judge(predicted[rows], one.churned[rows])
                lead = lead_time(one, name, rows) if horizon == FLAG_HORIZON else None
                if figures is not None:
                    table.add_row(*_cells(horizon, name, figures, lead))
            table.add_section()
        console.print(table)


def _cells(horizon: int, name: str, figures: Figures, lead: float | None) -> list[str]:
    first = name == OURS
    return [
        in_days(horizon) if first else "",
        name,
        f"{figures.rows:,}" if first else "",
        f"{figures.churned:,} ({figures.rate:.1%})" if first else "",
        "-" if figures.auc is None else f"{figures.auc:.3f}",
        f"{figures.brier:.4f}",
        f"{figures.ece:.4f}",
        "" if lead is None else f"{lead:.0%}",
    ]
