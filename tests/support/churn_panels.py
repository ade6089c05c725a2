"""Panels for tests of training: tutors whose true hazard is known, since the test made it."""

from __future__ import annotations

import numpy as np

from tutormax.train.panel import RECENCY, Panel

FIRST_DAY = 20_000
NAMES = (RECENCY, "strain", "noise", "always_one", "never_known")


def panel(
    tutors: int = 60, days: int = 120, hazard: float = 0.004, effect: float = 0.9, seed: int = 0
) -> Panel:
    """Tutors who work every day until they churn; `strain` raises the log-odds by `effect`.

    Two columns tell nothing: one never varies, one is never known. Who has churned stays silent
    but at work for two weeks.
    """
    rng = np.random.default_rng(seed)
    names, day, churn_in, features = [], [], [], []
    known_until = FIRST_DAY + days - 13
    for number in range(tutors):
        strain = rng.normal()
        odds = np.log(hazard / (1 - hazard)) + effect * strain
        gone = np.flatnonzero(rng.random(days) < 1 / (1 + np.exp(-odds)))
        churned = int(gone[0]) + 1 if len(gone) else None
        for passed in range(1, days):
            silent = 0 if churned is None else max(0, passed - churned)
            if silent > 13:
                break
            ahead = None if churned is None else max(churned - passed, 0)
            known = ahead is not None and FIRST_DAY + passed + ahead < known_until
            names.append(f"tutor-{number}")
            day.append(FIRST_DAY + passed)
            churn_in.append(float(ahead) if known and ahead is not None else np.nan)
            features.append((silent + 1, strain + 0.3 * rng.normal(), rng.normal(), 1.0, np.nan))
    order = np.lexsort((day, names))
    table = np.array(features, dtype=np.float64)[order]
    table[::11, 2] = np.nan
    return Panel(
        tutor=np.array(names, dtype=object)[order],
        day=np.array(day, dtype=np.int64)[order],
        features=table,
        names=NAMES,
        churn_in=np.array(churn_in)[order],
        known_until=known_until,
        as_of=FIRST_DAY + days,
        inactivity_days=14,
        recent_days=3,
    )
