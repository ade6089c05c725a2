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
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from tutormax.generate.settings import Settings
from tutormax.generate.simulation import Simulation, simulate
from tutormax.train.baselines import boosted_trees, constant_rate, recency
from tutormax.train.judging import Figures, judge
from tutormax.train.model import predict
from tutormax.train.panel import HORIZONS, Bools, Floats, Panel, in_days
from tutormax.train.reading import read_panel
from tutormax.train.seeds import FOLDER, read_model
from tutormax.train.splitting import split
from tutormax.train.training import OURS, RATE, RECENCY_ALONE, TREES
from tutormax.warehouse import Target

PROJECT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
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


def run(command: Sequence[str | Path], env: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{(done.stdout + done.stderr)[-4000:]}")


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
        env = os.environ | variables
        size = {
            "--days": settings.days,
            "--tutors": settings.tutors,
            "--sessions-per-day": settings.sessions_per_day,
            "--seed": settings.seed,
            "--end-date": settings.end_date,
        }
        words = [str(word) for option in size.items() for word in option]
        run([BIN / "tutormax", "generate", "--out", folder / "raw", *words], env)
        run([BIN / "tutormax", "load", folder / "raw"], env)
        untested = ("--exclude-resource-type", "test")
        run([BIN / "dbt", "build", "--select", f"+{NEEDED}", *untested], env)
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


def judge_worlds(
    worlds: Sequence[World], learned: Panel, version: str
) -> dict[int, dict[str, Figures]]:
    """The figures of everybody, by horizon; the worlds' rows together."""
    model = read_model(PROJECT / FOLDER, version)
    by_recency = recency(learned, max(HORIZONS))
    result: dict[int, dict[str, Figures]] = {}
    for number, horizon in enumerate(HORIZONS):
        at_recency = by_recency(horizon)
        trees, rate = boosted_trees(learned, horizon), constant_rate(learned, horizon)
        parts: dict[str, list[Floats]] = {}
        churned: list[Bools] = []
        for world in worlds:
            panel = world.panel
            rows = last_month(panel, horizon)
            if panel.day.min() > panel.known_until - horizon - MONTH + 1:
                continue
            features = panel.only(learned.names).features[rows]
            said = {
                OURS: predict(model, panel.only(model.names).features[rows])[:, number],
                TREES: trees(features),
                RECENCY_ALONE: at_recency(features),
                RATE: rate(features),
            }
            for name, predicted in (said | hidden(world, rows, horizon)).items():
                parts.setdefault(name, []).append(predicted)
            churned.append(panel.churned(horizon)[rows])
        figures = {
            name: judge(np.concatenate(predicted), np.concatenate(churned))
            for name, predicted in parts.items()
        }
        result[horizon] = {name: found for name, found in figures.items() if found is not None}
    return result


def show(title: str, judged: dict[int, dict[str, Figures]], console: Console) -> None:
    table = Table(title=title)
    for column in ("horizon", "predicted by"):
        table.add_column(column)
    for column in ("rows", "churned", "AUC", "Brier", "calibration error"):
        table.add_column(column, justify="right")
    for horizon, by_name in judged.items():
        for name, figures in by_name.items():
            table.add_row(
                in_days(horizon) if name == OURS else "",
                name,
                f"{figures.rows:,}" if name == OURS else "",
                f"{figures.churned:,} ({figures.rate:.1%})" if name == OURS else "",
                "-" if figures.auc is None else f"{figures.auc:.3f}",
                f"{figures.brier:.4f}",
                f"{figures.ece:.4f}",
            )
        table.add_section()
    console.print(table)


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
