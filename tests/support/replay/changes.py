"""Whims that change the project, or the place that a build writes to."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from support.contract_changes import WIDER, failing
from support.project import Project, kept_models
from support.replay.whims import Whim, build, incremental, run
from support.replay.worlds import Slice
from support.warehouses import DatabaseWarehouse


def other_contract(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    """From some build on contracts are wider."""
    build(warehouse)
    changes = rng.sample(WIDER, rng.randint(1, len(WIDER)))
    warehouse.project = warehouse.project.changed(*changes)


def broken_alteration(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    """The build that alters tables breaks off at one of them."""
    build(warehouse)
    project = warehouse.project
    model = rng.choice(["sessions", "tutors", "tutor_performance_metrics"])
    warehouse.project = project.changed(*WIDER, failing(model))
    assert not run(warehouse).succeeded
    warehouse.project = project.changed(*WIDER)


def no_rows(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    """Runs without rows, of all models or some, make what is missing and change nothing else."""
    if rng.random() < 0.5:
        build(warehouse)
    names = [model.name for model in kept_models(warehouse.project.manifest)]
    some = ("--select", *rng.sample(names, rng.randint(1, len(names) - 1)))
    run(warehouse, rng.choice(["--empty", "--sample=1 day"]), *rng.choice([(), some]))


def models_alone(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    """Some models run, each alone, in an order that is not theirs."""
    build(warehouse)
    for model in rng.sample(kept_models(warehouse.project.manifest), 3):
        run(warehouse, "--select", model.name)


def under_prefix(project: Project) -> Project:
    """The project in the schemas of a developer's copy, whose prefix is dev_."""
    other = project.changed()
    for node in [*other.manifest.nodes.values(), *other.manifest.sources.values()]:
        if node.schema in ("tutormax", "staging", "intermediate"):
            old, node.schema = f'"{node.schema}"', f"dev_{node.schema}"
            node.relation_name = (node.relation_name or "").replace(old, f'"{node.schema}"')
    other.manifest.build_flat_graph()
    return other


def another_place(warehouse: DatabaseWarehouse, rng: random.Random, held: Slice) -> None:
    """A developer builds a copy, under a prefix, of what raw holds: from nothing or a clone."""
    build(warehouse)
    project, environment = warehouse.project, warehouse.environment

    warehouse.project = under_prefix(project)
    warehouse.environment = environment | {"TUTORMAX_SCHEMA_PREFIX": "dev_"}
    with tempfile.TemporaryDirectory() as state:
        project.manifest.writable_manifest().write(str(Path(state) / "manifest.json"))
        views = ("--exclude", "config.materialized:replaced_view")
        clone = ("clone", "--state", state, "--resource-type", "model", *views)
        for words in [("seed",), *[clone] * rng.randrange(2)]:
            done = warehouse.dbt(*words)
            assert done.succeeded, done.message
    # Half of the worlds have closed periods that are in no file.
    warehouse.execute("delete from dev_staging.closed_periods")
    warehouse.execute("insert into dev_staging.closed_periods select * from staging.closed_periods")
    build(warehouse)
    warehouse.project, warehouse.environment = project, environment
    models = {model.relation(): model.audit for model in incremental(warehouse)}
    ours = warehouse.texts(models)
    theirs = warehouse.texts({f"dev_{table}": audit for table, audit in models.items()})
    differing = {
        table: {
            side: sorted(one - other)[:2]
            for side, one, other in (
                ("here", set(ours[table]), set(theirs[f"dev_{table}"])),
                ("there", set(theirs[f"dev_{table}"]), set(ours[table])),
            )
        }
        for table in models
        if ours[table] != theirs[f"dev_{table}"]
    }
    assert not differing, differing


CHANGES: list[Whim] = [
    other_contract,
    broken_alteration,
    no_rows,
    models_alone,
    another_place,
]

PAIRS_OF_CHANGES: list[tuple[int, tuple[Whim, ...]]] = [
    (2041, (broken_alteration, models_alone)),
    (2022, (other_contract, no_rows, another_place)),
]
"""All of them, with seeds, for quick runs."""
