"""Baselines fitted to the same rows: recency alone, boosted trees, the constant rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from tutormax.train.fitting import fit
from tutormax.train.model import predict
from tutormax.train.panel import HORIZONS, RECENCY, Floats, Panel, thinned

Predictor = Callable[[Floats], Floats]
"""Gives each row of features a probability."""

TREES = {
    "max_iter": 150,
    "learning_rate": 0.05,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 100,
    "l2_regularization": 5.0,
}


def boosted_trees(panel: Panel, horizon: int) -> Predictor:
    """HistGradientBoosting on the same features, fitted to one horizon."""
    rows = panel.take(panel.judged(horizon) & thinned(panel, horizon))
    churned = rows.churned(horizon)
    useful = (rows.features != rows.features[:1]).any(axis=0) & ~np.isnan(rows.features).all(axis=0)
    if churned.all() or not churned.any() or not useful.any():
        return constant_rate(panel, horizon)
    model = HistGradientBoostingClassifier(**TREES, early_stopping=False, random_state=0)
    with threadpool_limits(1):
        # HistGradientBoosting fails on a column without known values.
        model.fit(rows.features[:, useful], churned)

    def predictor(features: Floats) -> Floats:
        result: Floats = model.predict_proba(features[:, useful])[:, 1]
        return result

    return predictor


def recency(panel: Panel, horizon: int) -> Callable[[int], Predictor]:
    """The same model on only the days since the last session; by horizon."""
    column = panel.names.index(RECENCY)
    model, _ = fit(panel.only([RECENCY]), "recency", horizon)

    def at(end: int) -> Predictor:
        return lambda features: predict(model, features[:, [column]])[:, HORIZONS.index(end)]

    return at


def constant_rate(panel: Panel, horizon: int) -> Predictor:
    """Predict the share that churned in training for everybody."""
    rows = panel.judged(horizon)
    rate = float(panel.churned(horizon)[rows].mean()) if rows.any() else 0.0
    return lambda features: np.full(len(features), rate)
