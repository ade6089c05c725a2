"""Measures the shipped churn model on generated data it never saw: `make bench-churn`.

Synthetic worlds with seeds other than the training seed are generated, loaded and built. For each
horizon the predictions of the last month that can be judged are held against what happened, those
of all worlds together: the shipped model, boosted trees fitted to the training seed, recency alone,
the constant rate. The tutors of one world are few, and a tutor's days are alike: one world says
little.

The hidden hazard of the simulation says how far anybody could come. It is no model: it knows who
has left already (probability 1), and how likely each day is to be a tutor's last.
- "hidden hazard of the day" takes the hazard on the morning of the prediction for all days ahead.
  It looks at nothing later. A tutor's mood moves on, so it is not the best for long horizons.
- "hidden hazards ahead" takes the hazards that the days ahead did have. It looks at states that
  came later, also in who leaves (whose last hazard then stays), and so no forecast can reach it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from commands import BIN, CLI, PROJECT, run
from protocol import FLAG_HORIZON, Said, baselines, high_from, said, show, together
from rich.console import Console

from tutormax.generate.settings import Settings
from tutormax.generate.simulation import Simulation, simulate
from tutormax.train.model import predict
from tutormax.train.panel import HORIZONS, Bools, Floats, Panel
from tutormax.train.reading import read_panel
from tutormax.train.seeds import FOLDER, read_model
from tutormax.train.splitting import split
from tutormax.train.training import OURS
from tutormax.warehouse import Target

END = dt.date(2026, 1, 1)
MONTH = 30
NEEDED = "int_churn__labels"

# What the shipped model was trained on; its card says the same.
TRAINING = {"seed": 1, "tutors": 450, "sessions_per_day": 3000, "days": 730}

HAZARD_TODAY = "hidden hazard of the day"
HAZARDS_AHEAD = "hidden hazards ahead"


@dataclass(frozen=True)
class World:
    """A built world and what its files do not tell."""

    panel: Panel
    simulation: Simulation


def build(settings: Settings) -> World:
    """Generate, load and build a world as a user would, as far as training reads."""
    with tempfile.TemporaryDirectory(prefix="tutormax-churn-") as name:
        folder = Path(name)
        variables = {
            "TUTORMAX_DUCKDB_PATH": str(folder / "warehouse.duckdb"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "TUTORMAX_TARGET": "duckdb",
        }
        size = {
            "--days": settings.days,
            "--tutors": settings.tutors,
            "--sessions-per-day": settings.sessions_per_day,
            "--seed": settings.seed,
            "--end-date": settings.end_date,
        }
        words = [str(word) for option in size.items() for word in option]
        run([CLI, "generate", "--out", str(folder / "raw"), *words], variables)
        run([CLI, "load", str(folder / "raw")], variables)
        untested = ("--exclude-resource-type", "test")
        run([str(BIN / "dbt"), "build", "--select", f"+{NEEDED}", *untested], variables)
        os.environ |= variables
        return World(read_panel(Target.DUCKDB), simulate(settings))


def last_month(panel: Panel, horizon: int) -> Bools:
    """The last predictions whose horizon has passed."""
    judged = panel.judged(horizon)
    month: Bools = judged & (panel.day > panel.known_until - horizon - MONTH)
    return month


def hidden(world: World, rows: Bools, horizon: int) -> dict[str, Floats]:
    """What the simulation's hazards say of the churn within `horizon` days of each row.

    Churn comes the day after the last day worked. So within the horizon churns who has left
    before the day, or leaves on one of the horizon's days but the last.
    """
    simulation, panel = world.simulation, world.panel
    position = {tutor: number for number, tutor in enumerate(simulation.tutor_ids)}
    tutor = np.array([position[name] for name in panel.tutor[rows]])
    day = panel.day[rows] - int(simulation.days[0].astype("datetime64[D]").astype(np.int64))
    left = simulation.left_day[tutor]
    gone = (left >= 0) & (left < day)
    # Filled forward: who has left keeps the last hazard.
    hazard = simulation.hazard.copy()
    for number in range(1, len(hazard)):
        hazard[number] = np.where(np.isnan(hazard[number]), hazard[number - 1], hazard[number])
    staying = np.ones(len(day))
    for passed in range(horizon - 1):
        staying *= 1 - hazard[np.minimum(day + passed, len(hazard) - 1), tutor]
    today = 1 - (1 - hazard[np.minimum(day, len(hazard) - 1), tutor]) ** (horizon - 1)
    return {
        HAZARD_TODAY: np.where(gone, 1.0, np.nan_to_num(today)),
        HAZARDS_AHEAD: np.where(gone, 1.0, np.nan_to_num(1 - staying)),
    }


def judge_worlds(worlds: Sequence[World], learned: Panel, version: str) -> dict[int, Said]:
    """What was said of the worlds' rows together, by horizon."""
    model = read_model(PROJECT / FOLDER, version)
    high = high_from(PROJECT / FOLDER, version)
    at = baselines(learned, max(HORIZONS))
    result: dict[int, Said] = {}
    for number, horizon in enumerate(HORIZONS):
        predictors = at(horizon)
        parts: list[Said] = []
        for world in worlds:
            panel = world.panel
            rows = last_month(panel, horizon)
            if panel.day.min() > panel.known_until - horizon - MONTH + 1:
                continue
            judged = panel.take(rows)
            features = judged.only(learned.names).features
            ours = predict(model, judged.only(model.names).features)
            others = {name: predictor(features) for name, predictor in predictors.items()}
            by_name = {OURS: ours[:, number]} | others | hidden(world, rows, horizon)
            flagged = ours[:, HORIZONS.index(FLAG_HORIZON)] >= high
            parts.append(said(judged, horizon, flagged, by_name))
        if parts:
            result[horizon] = together(parts)
    return result


def shipped_version() -> str:
    """The version that dbt_project.yml activates."""
    settings = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    return str(settings["vars"]["churn_model_version"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--days", type=int, nargs="+", default=[365, 90])
    parser.add_argument("--tutors", type=int, default=450)
    parser.add_argument("--sessions-per-day", type=int, default=3000)
    parser.add_argument("--version", default=shipped_version())
    arguments = parser.parse_args()
    if TRAINING["seed"] in arguments.seeds:
        parser.error(f"the model was trained on seed {TRAINING['seed']}; name others")
    console = Console(width=120, highlight=False)
    start = time.perf_counter()
    console.print(f"Training seed {TRAINING['seed']}: building", style="dim")
    learned = split(build(Settings(END, **TRAINING)).panel).train
    for days in arguments.days:
        worlds = []
        for seed in arguments.seeds:
            console.print(f"{days} days, seed {seed}: building", style="dim")
            worlds.append(
                build(Settings(END, days, arguments.tutors, arguments.sessions_per_day, seed))
            )
        seeds = ", ".join(map(str, arguments.seeds))
        title = (
            f"Model {arguments.version}, {days} synthetic days of {arguments.tutors} tutors each, "
            f"seeds {seeds}: last month judged"
        )
        show(title, judge_worlds(worlds, learned, arguments.version), console)
    console.print(f"{time.perf_counter() - start:.0f} seconds", style="dim")


if __name__ == "__main__":
    main()
