"""The marketplace, day by day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tutormax.generate.columns import Floats, Ints, numbered
from tutormax.generate.events import event_rows
from tutormax.generate.interventions import Recommended, intervention_rows, recommend
from tutormax.generate.population import (
    World,
    make_students,
    make_tutors,
    student_rows,
    tutor_rows,
)
from tutormax.generate.roster import Roster
from tutormax.generate.school import School, agree
from tutormax.generate.sessions import demand, feedback_rows, hold_sessions, session_rows
from tutormax.generate.settings import Market, Settings
from tutormax.generate.state import State

Sink = Callable[[str, pa.Table], None]
"""Takes a chunk of rows of the raw table named first."""


@dataclass(frozen=True)
class Simulation:
    """What the files do not contain: who left when, and how likely that was each morning.

    `hazard` (days, tutors) is the true chance that the day is the tutor's last, given the hidden
    state that morning; NaN on days the tutor does not work (not yet onboarded, or gone). `left_day`
    (tutors,) is the last day worked, counted from the first, -1 for those who stayed. `tutor_ids`
    (tutors,) are the ids in the files, `days` (days,) the UTC days as datetime64[D].
    """

    tutor_ids: list[str]
    days: np.ndarray[tuple[int], np.dtype[np.datetime64]]
    hazard: Floats
    left_day: Ints


def simulate(
    settings: Settings, sink: Sink | None = None, on_day: Callable[[int], None] | None = None
) -> Simulation:
    """Run the simulation of `settings`; the same settings always give the same result.

    Rows go to `sink` in chunks (without a sink no rows are built); `on_day` gets the number of days
    done. Memory grows with tutors and students; with days only by hazard and interventions.
    """
    is_open = settings.market is Market.OPEN
    tutors, students = make_tutors(settings), make_students(settings)
    if not is_open:
        tutors = agree(settings, tutors)
    world = World(settings, tutors, students)
    state = State(settings, tutors) if is_open else School(settings, tutors)
    roster = Roster(settings, tutors, students)
    counts = demand(settings)
    hazard = np.empty((settings.days, settings.tutors))
    every: list[Recommended] = []
    next_session, next_feedback, next_event = 1, 1, 1
    if sink:
        sink("students", student_rows(world))
    for day in range(settings.days):
        roster.welcome(day)
        state.drift(day)
        hazard[day] = state.hazard(day)
        held = hold_sessions(world, state, roster, day, int(counts[day]))
        every.append(recommend(world, state, day))
        if sink:
            ids = numbered("session_", next_session, len(held.tutor), 9)
            feedback = feedback_rows(world, day, held, ids, next_feedback)
            events = event_rows(world, state, day, held, session_ids=ids, first_id=next_event)
            sink("sessions", session_rows(world, day, held, ids))
            sink("student_feedback", feedback)
            sink("tutor_events", events)
            next_session += len(ids)
            next_feedback += feedback.num_rows
            next_event += events.num_rows
        state.remember(day, held)
        roster.release(state.leave(day, hazard[day]))
        if on_day:
            on_day(day + 1)
    if sink:
        sink("tutors", tutor_rows(world, state.left_day))
        sink("interventions", intervention_rows(world, state.left_day, every))
    return Simulation(
        tutor_ids=tutors.ids.to_pylist(),
        days=np.datetime64(settings.start_us, "us").astype("datetime64[D]")
        + np.arange(settings.days),
        hazard=hazard,
        left_day=state.left_day,
    )
