"""`tutormax maintain`: statistics, vacuum, and a table of sizes."""

from __future__ import annotations

import psycopg2

from tutormax.errors import UserError
from tutormax.operations.project import run_operation
from tutormax.operations.transaction import SCHEMAS, literal
from tutormax.options import TargetOption
from tutormax.warehouse import Target, connect_duckdb, connect_postgres, first_line


def maintain(
    target: TargetOption = Target.DUCKDB,
) -> None:
    """Keep the warehouse fit: vacuum and statistics (DuckDB: a checkpoint), then the sizes."""
    if target is Target.POSTGRES:
        vacuum()
        run_operation(target, "table_sizes")
    else:
        connect_duckdb(read_only=True).close()  # fails if there is no file
        run_operation(target, "maintain")


def vacuum() -> None:
    """Run VACUUM (ANALYZE) on the project's tables in the PostgreSQL database.

    Raises:
        UserError: the server cannot be reached, or fails.
    """
    connection = connect_postgres()
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "select string_agg(oid::regclass::text, ', ') from pg_class "
                "where relkind in ('r', 'p') and pg_has_role(relowner, 'usage') "
                "and relnamespace in (select oid from pg_namespace "
                f"where nspname in ({', '.join(map(literal, SCHEMAS))}))"
            )
            ((tables,),) = cursor.fetchall()
        connection.autocommit = True  # VACUUM needs autocommit
        with connection.cursor() as cursor:
            if tables:
                cursor.execute(f"vacuum (analyze, skip_locked) {tables}")
    except psycopg2.Error as error:
        raise UserError(f"PostgreSQL did not vacuum: {first_line(error)}") from error
    finally:
        connection.close()
