"""The tutor events of a day: logins, replies, reschedules, availability changes, trainings."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tutormax.generate import words
from tutormax.generate.columns import (
    Ints,
    decimals,
    joined,
    numbered,
    picked,
    table_of,
    times,
)
from tutormax.generate.population import World, arrival
from tutormax.generate.sessions import DaySessions, hours
from tutormax.generate.settings import DAY_US, HOUR_US, SECOND_US
from tutormax.generate.state import State

_EVENTS = 30


def event_rows(
    world: World,
    state: State,
    day: int,
    held: DaySessions,
    *,
    session_ids: pa.Array,
    first_id: int,
) -> pa.Table:
    """The events of `day` in time order, numbered from `first_id`.

    A reschedule request belongs to a session of the day and comes hours before it, maybe on the
    previous day, but not before the first day or the booking of the session.
    """
    settings, tutors = world.settings, world.tutors
    rng = settings.random(_EVENTS, day)
    midnight = settings.start_us + day * DAY_US
    working = state.working(day)
    away = np.where(state.break_until < day, 1.0, 0.2)
    mood = state.mood
    login = _spread(rng, working * away * 7.2 * np.exp(0.16 * mood + tutors.habits[0]))
    reply = _spread(rng, working * away * 5.5 * np.exp(0.06 * mood))
    change = _spread(rng, working * 0.14 * np.exp(-0.45 * mood))
    course = _spread(rng, working * away * 0.05 * np.exp(0.3 * mood))
    asked = np.flatnonzero(held.rescheduled)
    asked_us = held.start_us[asked] - rng.integers(3_600, 72_000, len(asked)) * SECOND_US
    asked_us = np.maximum(asked_us, held.booked_us[asked])
    asked, asked_us = asked[asked_us >= settings.start_us], asked_us[asked_us >= settings.start_us]

    minutes = np.exp(
        3.1 - 0.3 * mood[reply] + tutors.habits[1][reply] + rng.normal(0, 0.8, len(reply))
    )
    shift = rng.integers(1, 9, len(change)) * np.where(
        rng.random(len(change)) < 1 / (1 + np.exp(0.2 + 0.9 * mood[change])), -1, 1
    )
    metadata = pa.concat_arrays(
        [
            picked(words.DEVICES, rng.integers(0, 3, len(login)), rng.random(len(login)) < 0.1),
            joined('{"response_time_minutes": ', decimals(minutes, 1), "}"),
            joined(
                '{"session_id": "',
                session_ids.take(pa.array(asked)),
                '", "reason": "',
                picked(words.RESCHEDULE_REASONS, rng.integers(0, 4, len(asked))),
                '"}',
            ),
            joined('{"hours_per_week_change": ', pa.array(shift).cast(pa.string()), "}"),
            picked(words.COURSES, rng.integers(0, len(words.COURSES), len(course))),
        ]
    )
    groups = (login, reply, held.tutor[asked], change, course)
    tutor = np.concatenate(groups)
    kind = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    at = hours(rng, rng.random(len(tutor))) * HOUR_US + midnight
    instant: Ints = at.astype(np.int64) // SECOND_US * SECOND_US
    instant[kind == words.EVENT_TYPES.index("reschedule_request")] = asked_us
    order = np.argsort(instant, kind="stable")
    tutor, kind, instant = tutor[order], kind[order], instant[order]
    created = instant + rng.integers(0, 5, len(order)) * SECOND_US
    return table_of(
        "tutor_events",
        {
            "event_id": numbered("event_", first_id, len(order), 9),
            "tutor_id": picked(tutors.ids, tutor),
            "event_type": picked(words.EVENT_TYPES, kind),
            "event_timestamp": times(instant),
            "metadata": metadata.take(pa.array(order)),
            "created_at": times(created),
            "_loaded_at": times(arrival(rng, created)),
        },
    )


def _spread(rng: np.random.Generator, rate: npt.NDArray[np.floating[Any]]) -> Ints:
    """The tutor of each event when tutors have `rate` (tutors,) events a day."""
    return np.repeat(np.arange(len(rate)), rng.poisson(rate))
