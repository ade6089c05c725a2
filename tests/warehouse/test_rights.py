"""A role with few rights builds if the schemas are there; else a sentence says what it lacks."""

from __future__ import annotations

from support.factories import small_world
from support.warehouses import NewPostgres

OWN = ("staging", "intermediate", "tutormax", "analyst")
ROLE = "tutormax_few_rights"


def test_a_role_that_may_not_create_schemas(new_postgres: NewPostgres) -> None:
    warehouse = new_postgres()
    warehouse.insert(small_world())
    few = {"TUTORMAX_PG_USER": ROLE, "TUTORMAX_PG_PASSWORD": "few"}

    def refused() -> str:
        build = warehouse.try_build(env=few)
        assert not build.succeeded
        return " ".join(build.message.split())

    warehouse.query(f"drop role if exists {ROLE}")
    warehouse.query(f"create role {ROLE} login password 'few'")
    try:
        assert (
            f"The role {ROLE} may not create the schema " in (said := refused())
            and f"authorization {ROLE};" in said
        )
        for schema in OWN:
            warehouse.query(f"create schema {schema} authorization {ROLE}")
        said = refused()
        assert f"grant select on raw.tutors to {ROLE};" in said
        assert f"grant usage on schema raw to {ROLE};" in said
        warehouse.query(f"grant usage on schema raw to {ROLE}")
        warehouse.query(f"grant select on all tables in schema raw to {ROLE}")
        assert f"grant usage on schema archive to {ROLE};" in refused()
        warehouse.query(f"grant usage on schema archive to {ROLE}")
        warehouse.query(f"grant select on all tables in schema archive to {ROLE}")
        warehouse.build(env=few)
        assert warehouse.rows("tutor_performance_metrics")
    finally:
        warehouse.query(f"drop owned by {ROLE}")
        warehouse.query(f"drop role {ROLE}")
