"""What would have to be different for a tutor to be less likely to leave.

The features that pages can read are held against the shapes of the model. What all other features
add is in the probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tutormax.reports.words import chance, number, percent
from tutormax.train.model import Hazard, Model
from tutormax.train.monitoring import BAND_HORIZON
from tutormax.train.panel import HORIZONS

LEAST_CUT = 0.1
"""Of the risk; what lowers it by less is not worth a sentence."""

NEARLY_ALL = 0.8
"""Of the greatest cut: the nearest value that brings so much of it is named."""

_CERTAIN = 1e-12


class _Phrase(NamedTuple):
    text: str
    write: Callable[[float], str]


_PHRASES = {
    "days_since_last_session": _Phrase("a silence of {now} instead of {was} open days", number),
    "sessions_per_week_30day": _Phrase(
        "{now} sessions a week instead of {was}", lambda value: number(value, 1)
    ),
    "avg_rating_30day": _Phrase(
        "a mean rating of {now} instead of {was}", lambda value: number(value, 1)
    ),
    "reschedule_rate_30day": _Phrase("{now} of sessions moved instead of {was}", percent),
    "objectives_met_share_30day": _Phrase("{now} of objectives met instead of {was}", percent),
    "response_minutes_30day": _Phrase("answers within {now} minutes instead of {was}", number),
}


class Change(NamedTuple):
    """Another value of one feature, and the 30-day probability if all else is alike."""

    feature: str
    was: float
    now: float
    risk_was: float
    risk: float

    def sentence(self) -> str:
        """The change in words."""
        phrase = _PHRASES[self.feature]
        text = phrase.text.format(was=phrase.write(self.was), now=phrase.write(self.now))
        return (
            f"With {text}, and all else alike, the risk within {BAND_HORIZON} days would be "
            f"{chance(self.risk)} instead of {chance(self.risk_was)}."
        )


def best_change(
    model: Model, probabilities: Mapping[int, float], values: Mapping[str, float | None]
) -> Change | None:
    """The change of one feature that lowers the risk most; None if none lowers it much.

    `probabilities` are those of the tutor by horizon, `values` the features that are known.
    """
    within = [n for n, horizon in enumerate(HORIZONS) if horizon <= BAND_HORIZON]
    staying = [1.0, *(1 - probabilities[horizon] for horizon in HORIZONS)]
    odds = [_logit(1 - staying[n + 1] / max(staying[n], _CERTAIN)) for n in within]
    risk = probabilities[BAND_HORIZON]
    found = []
    for name, value in values.items():
        if value is None or name not in model.names:
            continue
        place = model.names.index(name)
        hazards = [model.hazards[n] for n in within]
        risks = {knot: _risk(odds, hazards, place, value, knot) for knot in _knots(hazards, place)}
        lowest = min(risks.values(), default=risk)
        enough = risk - NEARLY_ALL * (risk - lowest)
        near = [(abs(knot - value), knot) for knot, other in risks.items() if other <= enough]
        if lowest <= (1 - LEAST_CUT) * risk:
            knot = min(near)[1]
            found.append((risks[knot], name, Change(name, value, knot, risk, risks[knot])))
    return min(found)[-1] if found else None


def _knots(hazards: Sequence[Hazard], place: int) -> list[float]:
    knots = np.concatenate([hazard.shapes[place].knots for hazard in hazards])
    return [float(knot) for knot in np.unique(knots)]


def _risk(
    odds: Sequence[float], hazards: Sequence[Hazard], place: int, was: float, now: float
) -> float:
    staying = 1.0
    for before, hazard in zip(odds, hazards, strict=True):
        at_was, at_now = hazard.shapes[place](np.array([was, now]))
        staying /= 1 + math.exp(before + float(at_now - at_was))
    return 1 - staying


def _logit(probability: float) -> float:
    inside = min(max(probability, _CERTAIN), 1 - _CERTAIN)
    return math.log(inside / (1 - inside))
