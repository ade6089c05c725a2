"""`tutormax train` on the real road: files, `tutormax load`, `dbt build`, then the command."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from support.factories import event, feedback, session, student, tutor
from support.project import REPOSITORY, environment
from support.tables import Row, World
from support.warehouses import DuckDbWarehouse, NewDuckDb, NewPostgres
from tutormax.cli import commands
from tutormax.errors import UserError
from tutormax.train.card import card_path
from tutormax.train.model import predict
from tutormax.train.panel import HORIZONS, INTERVALS
from tutormax.train.reading import OUTCOMES, read_panel
from tutormax.train.seeds import BANDS, COEFFICIENTS, DISTRIBUTIONS, FOLDER, read_model, read_rows
from tutormax.warehouse import RawTarget, Target

START = datetime(2025, 1, 6, tzinfo=UTC)
SETTINGS = yaml.safe_load((REPOSITORY / "dbt_project.yml").read_text())
SHIPPED = SETTINGS["vars"]["churn_model_version"]
READ_BY_TRAINING = ("--select", f"+{OUTCOMES}")
"""The part of the build that training reads."""
SCORED_TOO = ("--select", "+churn_predictions", f"+{OUTCOMES}")
SEEDS = (COEFFICIENTS, BANDS, DISTRIBUTIONS)
TRAIN = ("train", "--force")
"""Of so few tutors training refuses to learn."""


def marketplace(
    tutors: int = 24, days: int = 90, leaving: int = 3, first_sessions: bool = False
) -> World:
    """Tutors with a session each day, of whom every `leaving`-th stops in its turn (0: nobody).

    Who is about to stop is late and badly rated for a while before.
    """
    sessions: list[Row] = []
    ratings: list[Row] = []
    events: list[Row] = []
    for number in range(tutors):
        leaves = bool(leaving) and number % leaving == 0
        last = 6 + (number * 37) % (days - 6) if leaves else days
        for day in range(min(last, days)):
            tired = leaves and last - day < 15
            at = START + timedelta(days=day, hours=9 + number % 8)
            key = f"session-{number}-{day}"
            row = session(
                key,
                f"tutor-{number}",
                f"student-{number}",
                at.replace(tzinfo=None).isoformat(),
                session_number=1 if first_sessions else day + 1,
                late_start_minutes=12 if tired else 1,
                engagement_score=0.5 if tired else 0.7 + (number + day) % 10 / 50,
            )
            sessions.append(row)
            if day % 2 == 0:
                rating = 2 if tired else 4 + (number + day) % 3 // 2
                ratings.append(feedback(f"feedback-{key}", row, overall_rating=rating))
            if day % 3 == 0:
                moment = (at - timedelta(hours=1)).replace(tzinfo=None).isoformat()
                events.append(event(f"event-{key}", f"tutor-{number}", moment))
    return {
        "tutors": [
            tutor(f"tutor-{n}", onboarding_date=START - timedelta(days=3 * n))
            for n in range(tutors)
        ],
        "students": [student(f"student-{n}") for n in range(tutors)],
        "sessions": sessions,
        "student_feedback": ratings,
        "tutor_events": events,
        "interventions": [],
    }


def write_files(world: World, folder: Path) -> None:
    for table, rows in world.items():
        if rows:
            lines = (json.dumps(row, default=str) for row in rows)
            (folder / f"{table}.jsonl").write_text("\n".join(lines))


def run(*words: str | Path) -> str:
    """Run `tutormax …` in this process and return what it prints."""
    result = CliRunner().invoke(commands, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def refused(*words: str | Path) -> str:
    """Run `tutormax …` that must be refused, and return the sentence."""
    with pytest.raises(UserError) as refusal:
        run(*words)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def built(world: World, new_warehouse: NewDuckDb, folder: Path, *words: str) -> DuckDbWarehouse:
    """A warehouse with `world`, loaded from files and built; `words` go to `dbt build`."""
    warehouse = new_warehouse()
    write_files(world, folder)
    os.environ["TUTORMAX_DUCKDB_PATH"] = str(warehouse.path)
    run("load", folder)
    warehouse.build(*words)
    return warehouse


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests point to a warehouse, and put all back afterwards."""
    monkeypatch.setenv("TUTORMAX_DUCKDB_PATH", "")
    monkeypatch.delenv("TUTORMAX_TARGET", raising=False)


@pytest.fixture(scope="module")
def market(new_warehouse: NewDuckDb, tmp_path_factory: pytest.TempPathFactory) -> DuckDbWarehouse:
    """Ninety days of two dozen tutors, a third of whom leave."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUTORMAX_DUCKDB_PATH", "")
        return built(marketplace(), new_warehouse, tmp_path_factory.mktemp("files"), *SCORED_TOO)


@pytest.fixture
def market_here(market: DuckDbWarehouse, monkeypatch: pytest.MonkeyPatch) -> DuckDbWarehouse:
    monkeypatch.setenv("TUTORMAX_DUCKDB_PATH", str(market.path))
    return market


def texts(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.usefixtures("market_here")
def test_the_same_data_give_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "other"):
        run(*TRAIN, "--version", "2.0.0", "--out", tmp_path / name, "--data", "Made up.")
    first = texts(tmp_path / "one")
    assert set(first) == {
        *(str(FOLDER / name) for name in SEEDS),
        "docs/models/2.0.0.md",
    }
    assert first == texts(tmp_path / "other")


@pytest.mark.usefixtures("market_here")
def test_versions_stand_side_by_side(tmp_path: Path) -> None:
    run(*TRAIN, "--version", "b", "--out", tmp_path)
    alone = {name: read_rows(tmp_path / FOLDER / name) for name in SEEDS}
    run(*TRAIN, "--version", "a", "--out", tmp_path)
    run(*TRAIN, "--version", "c", "--out", tmp_path)
    for name in SEEDS:
        rows = read_rows(tmp_path / FOLDER / name)
        assert [row[0] for row in rows] == sorted(row[0] for row in rows)
        assert [row for row in rows if row[0] == "b"] == alone[name]
        assert len(rows) == 3 * len(alone[name])
    # Training anew replaces the version's own rows and touches no other.
    path = tmp_path / FOLDER / COEFFICIENTS
    path.write_text(path.read_text().replace("a,0,1,intercept,,", "a,0,1,intercept,,99"))
    before = path.read_text()
    run(*TRAIN, "--version", "b", "--out", tmp_path)
    assert path.read_text() == before
    run(*TRAIN, "--version", "a", "--out", tmp_path)
    assert path.read_text() == before.replace("a,0,1,intercept,,99", "a,0,1,intercept,,")


@pytest.mark.usefixtures("market_here")
def test_ninety_days_cannot_judge_ninety(tmp_path: Path) -> None:
    said = run(*TRAIN, "--version", "1", "--out", tmp_path)
    assert "The data are too short to learn or judge 90 days" in said
    card = (tmp_path / "docs" / "models" / "1.md").read_text()
    assert "whether they are real, was not said in training" in card
    assert "The data are too short to learn or judge 90 days; nothing vouches for those." in card
    assert "Days 30 to 90 could not be learned: their hazard is that of days 7 to 30" in card
    assert "recency alone" in card
    assert "boosted trees" in card
    assert "constant rate" in card


@pytest.mark.usefixtures("market_here")
def test_sql_scores_as_the_trainer_predicts(market_here: DuckDbWarehouse, tmp_path: Path) -> None:
    """A new version is trained, its seeds go into the project, and dbt scores with it."""
    files = tmp_path / "project"
    shutil.copytree(REPOSITORY / FOLDER, files / FOLDER)
    run(*TRAIN, "--version", "9.0.0", "--out", files)
    project = market_here.project.changed()
    for node in project.manifest.nodes.values():
        if node.resource_type == "seed" and Path(node.original_file_path).name in SEEDS:
            node.root_path = str(files)
    with market_here.copy() as warehouse:
        warehouse.project = project
        warehouse.build(
            *("--full-refresh", "--select", "churn_predictions", "resource_type:seed"),
            variables={"churn_model_version": "9.0.0"},
        )
        os.environ["TUTORMAX_DUCKDB_PATH"] = str(warehouse.path)
        rows = warehouse_rows(warehouse.path)
        assert compare_with_sql(Target.DUCKDB, files, "9.0.0", rows) > 1000


def test_the_shipped_model_scores_as_the_trainer_predicts(market_here: DuckDbWarehouse) -> None:
    rows = warehouse_rows(market_here.path)
    assert compare_with_sql(Target.DUCKDB, REPOSITORY, SHIPPED, rows) > 1000


def test_postgres_trains_and_scores_alike(
    market_here: DuckDbWarehouse, new_postgres: NewPostgres, tmp_path: Path
) -> None:
    run(*TRAIN, "--version", "2.0.0", "--out", tmp_path / "duckdb")
    write_files(marketplace(), tmp_path)
    with new_postgres() as warehouse:
        warehouse.load(tmp_path)
        warehouse.build(*SCORED_TOO)
        with environment(warehouse.environment):
            words = (*TRAIN, "--target", "postgres", "--version", "2.0.0")
            run(*words, "--out", tmp_path / "postgres")
            scored = warehouse.execute(SCORED)
            assert compare_with_sql(Target.POSTGRES, REPOSITORY, SHIPPED, scored) > 1000
    assert texts(tmp_path / "postgres") == texts(tmp_path / "duckdb")
    assert len(scored) == len(warehouse_rows(market_here.path))


def test_postgres_without_a_build_gets_a_sentence(
    new_postgres: NewPostgres, tmp_path: Path
) -> None:
    with new_postgres() as warehouse, environment(warehouse.environment):
        sentence = refused("train", "--target", "postgres", "--version", "1", "--out", tmp_path)
    assert sentence.startswith("There are no churn features on postgres yet: run `dbt build")


def warehouse_rows(path: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(SCORED).fetchall()


SCORED = f"""
    select tutor_id, cast(prediction_date as date) - date '1970-01-01', model_version,
        {", ".join(f"window_{horizon}day_probability" for horizon in HORIZONS)}
    from tutormax.churn_predictions
"""


def compare_with_sql(
    target: Target, project: Path, version: str, rows: list[tuple[Any, ...]]
) -> int:
    """Compare every prediction in SQL with the trainer's own; how many there are."""
    panel = read_panel(target)
    model = read_model(project / FOLDER, version)
    own = predict(model, panel.only(model.names).features)
    expected = dict(zip(zip(panel.tutor, panel.day.tolist(), strict=True), own, strict=True))
    assert len(expected) == len(rows)
    for tutor_id, day, scored_by, *probabilities in rows:
        assert scored_by == version
        found = np.array([float(value) for value in probabilities])
        assert np.abs(found - expected[tutor_id, day]).max() <= 1e-9
    # Many rows of so regular tutors lie beyond the outermost knots.
    assert len({tuple(values) for values in own.tolist()}) > len(rows) / 3
    return len(rows)


@pytest.mark.parametrize(
    ("world", "says"),
    [
        (marketplace(tutors=4), "what became of 4 tutors; training needs 5 at least"),
        (
            marketplace(tutors=6, leaving=0),
            "is known to have churned, and what never happened cannot be",
        ),
        ({"students": [student("s")]}, "holds no activity to learn from: load data with"),
        (
            {"tutors": [tutor("tutor-1")], "tutor_events": [event("e", "tutor-1", "2025-06-01")]},
            "No tutor was active on any day",
        ),
    ],
    ids=["too few tutors", "no churn", "no activity", "no work"],
)
def test_data_that_do_not_allow_it_get_a_sentence(
    world: World, says: str, new_warehouse: NewDuckDb, tmp_path: Path
) -> None:
    built(world, new_warehouse, tmp_path, *READ_BY_TRAINING)
    assert says in refused("train", "--version", "1", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(marketplace(tutors=8, leaving=2), marks=pytest.mark.deep, id="few tutors"),
        pytest.param(marketplace() | {"tutor_events": [], "student_feedback": []}, id="no events"),
        pytest.param(marketplace(first_sessions=True), id="first sessions only"),
    ],
)
def test_poor_data_are_enough_for_a_model(
    world: World, new_warehouse: NewDuckDb, tmp_path: Path
) -> None:
    """Churn means what it meant in the build, not what dbt_project.yml says."""
    inactivity = ("--vars", "{churn_inactivity_days: 10}")
    built(world, new_warehouse, tmp_path, *READ_BY_TRAINING, *inactivity)
    run(*TRAIN, "--version", "1", "--out", tmp_path / "out")
    assert "once 10 open days have passed" in card_path(tmp_path / "out", "1").read_text()
    model = read_model(tmp_path / "out" / FOLDER, "1")
    assert [(hazard.start, hazard.end) for hazard in model.hazards] == list(INTERVALS)
    for hazard in model.hazards:
        for shape in hazard.shapes:
            numbers = [hazard.intercept, *shape.knots, *shape.values, shape.unknown]
            assert np.isfinite(numbers).all()
            assert (np.diff(shape.knots) > 0).all()
    panel = read_panel(Target.DUCKDB)
    assert panel.known_until == panel.as_of - 9
    assert np.isfinite(predict(model, panel.features)).all()


def test_a_warehouse_that_is_not_built_gets_a_sentence(
    new_warehouse: NewDuckDb, tmp_path: Path
) -> None:
    os.environ["TUTORMAX_DUCKDB_PATH"] = str(new_warehouse().path)
    sentence = refused("train", "--version", "1", "--out", tmp_path)
    assert sentence == (
        "There are no churn features on duckdb yet: run `dbt build --target duckdb` and train then."
    )
    os.environ["TUTORMAX_DUCKDB_PATH"] = str(tmp_path / "none.duckdb")
    assert "There is no DuckDB warehouse" in refused("train", "--version", "1")


@pytest.mark.parametrize("version", ["", "a b", "../up", "-x", "x" * 51])
def test_a_version_is_a_short_name(version: str) -> None:
    assert "--version must be up to 50 letters" in refused("train", f"--version={version}")


@pytest.mark.usefixtures("market_here")
def test_a_version_is_activated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The build itself is that of `tutormax build`."""
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(REPOSITORY / name, tmp_path)
    builds: list[tuple[RawTarget, list[str]]] = []
    monkeypatch.setattr("tutormax.operations.project.project_folder", lambda: tmp_path)
    monkeypatch.setattr("tutormax.build.run_build", lambda *words: builds.append(words))
    run(*TRAIN, "--version", "2.0.0", "--activate", "--rescore", "--capacity", "8")
    assert builds == [(RawTarget.DUCKDB, ["--full-refresh"])]
    held = yaml.safe_load((tmp_path / "dbt_project.yml").read_text())
    assert held == SETTINGS | {"vars": SETTINGS["vars"] | {"churn_model_version": "2.0.0"}}
    assert (
        "The edges follow a capacity of 8 tutors a week" in card_path(tmp_path, "2.0.0").read_text()
    )
    assert "--rescore goes with --activate" in refused("train", "--version", "3", "--rescore")
    said = refused("train", "--version", "3", "--activate", "--out", tmp_path)
    assert "--activate changes the dbt project: leave out --out" in said
    assert "Training is refused: days 0 to 1 rest on " in refused("train", "--version", "3")
    assert read_model(tmp_path / FOLDER, "2.0.0").version == "2.0.0"
    assert not card_path(tmp_path, "3").exists()


@pytest.mark.usefixtures("market_here")
def test_seeds_that_are_not_ours_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / FOLDER / BANDS
    path.parent.mkdir(parents=True)
    path.write_text("model_version,something\na,b\n")
    sentence = refused(*TRAIN, "--version", "1", "--out", tmp_path)
    assert f"{path} has the columns model_version, something and should have" in sentence
    assert texts(tmp_path) == {str(FOLDER / BANDS): b"model_version,something\na,b\n"}


@pytest.mark.usefixtures("market_here")
def test_a_folder_that_cannot_be_written_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "docs").write_text("a file")
    assert "cannot be written" in refused(*TRAIN, "--version", "1", "--out", tmp_path)
    assert set(texts(tmp_path)) == {"docs"}
