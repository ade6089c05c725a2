"""The mass-delete guard: a build that would remove too much stops, and changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.factories import event, session, student, tutor, utc
from support.warehouses import DuckDbWarehouse

REJECTED = "rejected_records"


@pytest.fixture
def thousand_events(seeded: DuckDbWarehouse) -> DuckDbWarehouse:
    warehouse = seeded.copy()
    warehouse.insert(
        {
            "tutors": [tutor("tutor-1")],
            "tutor_events": [
                event(f"{number}", "tutor-1", "2025-03-01", event_timestamp=moment)
                for number in range(1000)
                for moment in [utc("2025-03-01") + timedelta(minutes=number)]
            ],
        }
    )
    warehouse.fill("--select", "+tutor_events")
    return warehouse


def test_a_build_that_would_remove_too_much_stops(thousand_events: DuckDbWarehouse) -> None:
    warehouse = thousand_events

    def keep(number: int) -> None:
        warehouse.execute(f"delete from raw.tutor_events where event_id::integer >= {number}")

    def count() -> int:
        return len(warehouse.rows("tutor_events"))

    # A tenth just passes, however many rows it is.
    keep(900)
    warehouse.fill("--select", "+tutor_events")
    assert count() == 900

    # A hundred rows that are more than a tenth do not.
    keep(800)
    published = warehouse.rows("tutor_events")
    build = warehouse.try_build("--select", "+tutor_events")
    assert not build.succeeded
    assert "100 of the 900 rows of tutormax.tutor_events" in build.message
    assert "allow_mass_delete" in build.message
    assert warehouse.rows("tutor_events") == published

    # Fewer than a hundred pass, whatever their share.
    warehouse.insert({"tutor_events": [event("800", "tutor-1", "2025-03-01 13:20")]})
    warehouse.fill("--select", "+tutor_events")
    assert count() == 801

    keep(10)
    warehouse.fill("--select", "+tutor_events", variables={"allow_mass_delete": True})
    assert count() == 10


def test_accepting_what_was_refused_is_no_loss(seeded: DuckDbWarehouse) -> None:
    """A load of sessions before their tutor must not stop the build that accepts them."""
    warehouse = seeded.copy()
    warehouse.insert(
        {
            "students": [student("student-1")],
            "sessions": [
                session(f"session-{number}", "tutor-1", "student-1", "2025-03-01 10:00")
                for number in range(150)
            ],
        }
    )
    words = ("--select", "+sessions", "+rejected_records")
    warehouse.fill(*words)
    assert len(warehouse.rows("rejected_records")) == 150
    warehouse.insert({"tutors": [tutor("tutor-1")]})
    warehouse.fill(*words)
    assert len(warehouse.rows("sessions")) == 150
    assert warehouse.rows("rejected_records") == []
