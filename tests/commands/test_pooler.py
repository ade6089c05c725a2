"""Everything through a pooler in transaction mode, whose connections keep nothing of a session."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import make_url

from support.factories import WORLD_WITH_REFUSALS as WORLD
from support.local_server import eventually
from support.tables import DEFAULT_ARRIVAL
from support.warehouses import NewPostgres, PostgresWarehouse
from tutormax.postgres.migrate import migrate
from tutormax.postgres.processes import free_port

POOLER = os.environ.get("TUTORMAX_PGBOUNCER") or shutil.which(
    "pgbouncer", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin"
)

pytestmark = pytest.mark.skipif(not POOLER, reason="there is no pgbouncer")


@pytest.fixture
def pooled(new_postgres: NewPostgres, open_folder: Path) -> Iterator[PostgresWarehouse]:
    """An empty warehouse whose commands and builds reach it through the pooler alone."""
    with new_postgres() as warehouse:
        url = make_url(warehouse.url)
        port = free_port()
        users = open_folder / "users.txt"
        users.write_text(f'"{url.username}" "{url.password or ""}"\n')
        settings = open_folder / "pgbouncer.ini"
        settings.write_text(
            f"""[databases]
            * = host={url.host} port={url.port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = {users}
            pool_mode = transaction
            """.replace(" " * 12, "")
        )
        assert POOLER
        process = subprocess.Popen(
            [POOLER, settings],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user="nobody" if os.geteuid() == 0 else None,
        )
        through = url.set(port=port).render_as_string(hide_password=False)

        def answers() -> bool:
            try:
                psycopg2.connect(through).close()
            except psycopg2.OperationalError:
                return False
            return True

        try:
            assert eventually(answers)
            warehouse.environment["TUTORMAX_PG_PORT"] = str(port)
            yield warehouse
        finally:
            process.terminate()
            process.wait()


def test_slices_through_a_pooler(pooled: PostgresWarehouse, tmp_path: Path) -> None:
    through = make_url(pooled.url).set(port=int(pooled.environment["TUTORMAX_PG_PORT"]))
    migrate(through.render_as_string(hide_password=False))
    (tmp_path / "students.csv").write_text("student_id,name\nlate,Late Student\n")
    for number in range(2):
        pooled.insert(
            {
                table: [row | {"_loaded_at": DEFAULT_ARRIVAL} for row in rows[number::2]]
                for table, rows in WORLD.items()
            }
        )
        if number:
            pooled.command("load", str(tmp_path), "--target", "postgres")
        pooled.build()
    assert "late" in pooled.published("students")["students"]
    assert "Raw rows" in pooled.command("summary")
    pooled.command("roles")
    pooled.command("archive", "--dry-run")
    pooled.command("erase", "student", "late", "--yes")
    pooled.command("maintain")
    assert "Nothing is missing" in pooled.command("check")
    before = pooled.published()
    pooled.build("--full-refresh")
    assert pooled.published() == before
    assert pooled.mentions("Late Student") == []
