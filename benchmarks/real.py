"""Measures the churn model where it was trained on a part of the same market: `make bench-real`.

Each world is loaded, built, trained on, scored in SQL and evaluated by its own outcomes, on tutors
that training has not seen and dates that are later, as `tutormax train` splits them. Worlds:
- flights: all departures from New York in 2013. Aircraft, not tutors, but real.
- open, school, weekday-school: generated markets, the rows of all seeds together.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import yaml
from commands import BIN, CLI, PROJECT, run
from flights import write_flights
from protocol import FLAG_HORIZON, Said, high_from, said, show, together
from rich.console import Console

from tutormax.generate.settings import Market, Settings
from tutormax.generate.writing import write_files
from tutormax.train.card import card_path, card_text
from tutormax.train.model import predict
from tutormax.train.panel import HORIZONS, Floats, Panel
from tutormax.train.reading import read_panel
from tutormax.train.seeds import FOLDER, seed_texts
from tutormax.train.training import OURS, Trained, train
from tutormax.train.writing import write_texts
from tutormax.warehouse import Target

END = dt.date(2026, 1, 1)
FLIGHTS = "flights"
VERSION = "measured"
EXACT = 1e-9
UNTESTED = ("--exclude-resource-type", "test")
SESSIONS_PER_DAY = {Market.OPEN: 3000, Market.SCHOOL: 400, Market.WEEKDAY_SCHOOL: 400}

Say = Callable[[str], None]


class Warehouse:
    """A folder with a copy of the dbt project and a DuckDB file built from it."""

    def __init__(self, folder: Path, say: Say) -> None:
        self.raw = folder / "raw"
        self.project = folder / "project"
        self._say = say
        self._env = {
            "TUTORMAX_DUCKDB_PATH": str(folder / "warehouse.duckdb"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "TUTORMAX_TARGET": Target.DUCKDB.value,
        }
        self.project.mkdir(parents=True)
        settings = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
        for kind in ("model", "macro", "seed", "test", "analysis"):
            for name in settings[f"{kind}-paths"]:
                shutil.copytree(PROJECT / name, self.project / name, dirs_exist_ok=True)
        for name in ("dbt_project.yml", "profiles.yml"):
            shutil.copy(PROJECT / name, self.project)

    def load(self) -> None:
        self._run("loading", [CLI, "load", str(self.raw)])

    def build(self, model: str, *words: str) -> None:
        """Build a model and what it reads, without tests."""
        dbt = [str(BIN / "dbt"), "build", "--project-dir", str(self.project)]
        dbt += ["--profiles-dir", str(self.project), "--select", f"+{model}", *UNTESTED, *words]
        self._run(f"building {model}", dbt)

    def train(self, data: str) -> Trained:
        """Train as `tutormax train --force` does, and write the seeds and the card."""
        self._say("training")
        os.environ |= self._env
        trained = train(read_panel(Target.DUCKDB), VERSION, self._say, force=True)
        for objection in trained.objections:
            self._say(f"without force, training would be refused: {objection}")
        texts = seed_texts(self.project, trained.model, trained.bands, trained.bins)
        write_texts(texts | {card_path(self.project, VERSION): card_text(trained, data)})
        return trained

    def predictions(self, panel: Panel) -> Floats:
        """What SQL says of the rows of `panel`: (rows, horizons)."""
        columns = ", ".join(f"window_{horizon}day_probability" for horizon in HORIZONS)
        with duckdb.connect(self._env["TUTORMAX_DUCKDB_PATH"], read_only=True) as db:
            db.execute("set timezone = 'UTC'")
            found = db.execute(
                f"select tutor_id, prediction_date::date - date '1970-01-01', {columns} "
                "from tutormax.churn_predictions where model_version = ?",
                [VERSION],
            ).fetchall()
        by_key = {row[:2]: row[2:] for row in found}
        keys = zip(panel.tutor.tolist(), panel.day.tolist(), strict=True)
        return np.array([by_key[key] for key in keys])

    def _run(self, what: str, command: list[str]) -> None:
        self._say(what)
        run(command, self._env)


def measure(warehouse: Warehouse, data: str) -> dict[int, Said]:
    """Load, build, train, score; what was said of unseen tutors on later dates, by horizon."""
    warehouse.load()
    warehouse.build("int_churn__labels")
    trained = warehouse.train(data)
    # No date has been scored yet, so that the new version scores all of them.
    warehouse.build("churn_prediction_outcomes", "--vars", f"{{churn_model_version: {VERSION}}}")
    test = trained.split.test
    scored = warehouse.predictions(test)
    difference = float(np.abs(scored - predict(trained.model, test.features)).max())
    if difference > EXACT:
        sys.exit(f"SQL and the trainer differ by {difference:g}.")
    high = high_from(warehouse.project / FOLDER, VERSION)
    flagged = scored[:, HORIZONS.index(FLAG_HORIZON)] >= high
    result = {}
    for horizon, by_name in trained.predictions.items():
        rows = test.judged(horizon)
        ours = scored[rows, HORIZONS.index(horizon)]
        result[horizon] = said(test.take(rows), horizon, flagged[rows], by_name | {OURS: ours})
    return result


@contextmanager
def warehouse_in(keep: Path | None, name: str, say: Say) -> Iterator[Warehouse]:
    """An empty warehouse in a folder of its own, which stays if it is in `keep`."""
    if keep:
        folder = keep / name
        shutil.rmtree(folder, ignore_errors=True)
        yield Warehouse(folder, say)
        return
    with tempfile.TemporaryDirectory(prefix="tutormax-real-") as folder:
        yield Warehouse(Path(folder), say)


def measure_flights(keep: Path | None, say: Say) -> dict[int, Said]:
    with warehouse_in(keep, FLIGHTS, say) as warehouse:
        write_flights(warehouse.raw)
        return measure(
            warehouse,
            "All departures from New York in 2013: aircraft as tutors, flights as sessions, a "
            "cancelled flight as a no-show. Real, but not tutors.",
        )


def measure_market(
    sizes: Sequence[Settings], keep: Path | None, say: Callable[[str], Say]
) -> dict[int, Said]:
    """The rows of all worlds together."""
    parts = []
    for settings in sizes:
        name = f"{settings.market}-{settings.seed}"
        with warehouse_in(keep, name, say(name)) as warehouse:
            say(name)("generating")
            write_files(settings, warehouse.raw)
            parts.append(measure(warehouse, f"Synthetic: {settings}."))
    return {
        horizon: together([part[horizon] for part in parts if horizon in part])
        for horizon in HORIZONS
        if any(horizon in part for part in parts)
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    worlds = [FLIGHTS, *Market]
    parser.add_argument("worlds", nargs="*", metavar="WORLD", help=", ".join(worlds))
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--tutors", type=int, default=450)
    parser.add_argument("--keep", type=Path, help="keep the warehouses in this folder")
    arguments = parser.parse_args()
    chosen = arguments.worlds or [FLIGHTS]
    if unknown := set(chosen) - set(worlds):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; give {', '.join(worlds)}")
    progress = Console(stderr=True, highlight=False)
    console = Console(width=120, highlight=False)
    start = time.perf_counter()

    def saying(name: str) -> Say:
        return lambda text: progress.print(
            f"{time.perf_counter() - start:5.0f} s  {name}: {text}", style="dim", soft_wrap=True
        )

    for world in chosen:
        if world == FLIGHTS:
            title = "Flights, aircraft as tutors"
            measured = measure_flights(arguments.keep, saying(world))
        else:
            market, days, tutors = Market(world), arguments.days, arguments.tutors
            daily = SESSIONS_PER_DAY[market]
            sizes = [Settings(END, days, tutors, daily, seed, market) for seed in arguments.seeds]
            seeds = ", ".join(map(str, arguments.seeds))
            title = f"Market {world}, {days} synthetic days of {tutors} tutors, seeds {seeds}"
            measured = measure_market(sizes, arguments.keep, saying)
        show(f"{title}: unseen ones on later dates", measured, console)
    progress.print(f"{time.perf_counter() - start:.0f} seconds", style="dim")


if __name__ == "__main__":
    main()
