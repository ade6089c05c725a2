"""The sessions of a day with their feedback: first as numbers, then as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tutormax.generate import words
from tutormax.generate.columns import (
    Bools,
    Floats,
    Ints,
    lists,
    numbered,
    picked,
    table_of,
    times,
    whole,
)
from tutormax.generate.population import World, arrival
from tutormax.generate.roster import Roster
from tutormax.generate.settings import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Settings

if TYPE_CHECKING:
    from tutormax.generate.state import State

_DEMAND, _SESSIONS, _SESSION_ROWS, _FEEDBACK_ROWS = 20, 21, 22, 23
# Share of sessions starting in each hour from 06:00 to 22:00. The last start is 21:45, so that
# every session ends on its own day.
_HOURLY = np.array([2, 5, 8, 10, 10, 10, 9, 9, 12, 20, 26, 28, 26, 22, 15, 7])
_FIRST_HOUR = 6
_WEEK = np.array([1.05, 1.08, 1.08, 1.05, 0.95, 0.85, 0.94])
_LATEST_MINUTES = 30


@dataclass(frozen=True)
class DaySessions:
    """One day's sessions, every array (sessions,), ordered by tutor and then by start."""

    tutor: Ints
    student: Ints
    number: Ints
    start_us: Ints
    booked_us: Ints
    duration: Ints
    subject: Ints
    rescheduled: Bools
    no_show: Bools
    late: Ints
    engagement: Floats
    technical: Bools
    felt: Floats  # quality, on the scale of ratings but not rounded
    rating: Ints
    rated: Bools  # has feedback, at `submitted_us`
    submitted_us: Ints


def demand(settings: Settings) -> Ints:
    """The sessions of each day (days,): weekly rhythm, noise, and the mean of the settings."""
    rng = settings.random(_DEMAND)
    rhythm = _WEEK[[settings.weekday(day) for day in range(settings.days)]]
    shape = rhythm * (1 + rng.normal(0, 0.02, settings.days))
    reached = np.rint(np.cumsum(shape / shape.mean() * settings.sessions_per_day))
    counts: Ints = np.diff(reached, prepend=0).astype(np.int64)
    return counts


def hours(rng: np.random.Generator, at: Floats) -> Floats:
    """Hours of the day at the quantiles `at` (n,) of the daily rhythm."""
    edges = np.arange(_FIRST_HOUR, _FIRST_HOUR + len(_HOURLY) + 1)
    return np.interp(at, np.r_[0.0, np.cumsum(_HOURLY) / _HOURLY.sum()], edges)


def hold_sessions(world: World, state: State, roster: Roster, day: int, count: int) -> DaySessions:
    """Simulate the sessions of `day`; `count` of them if the market goes by demand."""
    settings, tutors, students = world.settings, world.tutors, world.students
    rng = settings.random(_SESSIONS, day)
    tutor, slot, hour = state.meetings(rng, roster.slots, day, count)
    count = len(tutor)
    start = settings.start_us + day * DAY_US + (hour * HOUR_US).astype(np.int64)
    moving = 0.045 * np.exp(-0.35 * np.clip(state.quality, -2, 2))
    student = roster.attend(rng, tutor, slot, np.flatnonzero(rng.random(count) < moving[tutor]))
    number = roster.number(tutor, student)
    first = number == 1
    # A pair always has the same subject.
    subject = tutors.subjects[tutor, student % tutors.subject_count[tutor]]
    lead_us = (rng.exponential(4.0, count) * DAY_US).astype(np.int64) // SECOND_US * SECOND_US
    known_us = np.maximum(tutors.onboarded_us[tutor], students.created_us[student])
    booked = np.maximum(start - 2 * HOUR_US - np.minimum(lead_us, 21 * DAY_US), known_us)

    chance = np.array([item.no_show for item in words.SUBJECTS])[subject]
    chance = chance * np.where(hour < 12, 1.7, 1.0) * (1.5 if settings.weekday(day) == 0 else 1.0)
    chance = chance * np.where(first, 1.3, 1.0) * np.exp(tutors.habits[4])[tutor]
    no_show = rng.random(count) < np.minimum(chance, 0.6)

    mood, quality = state.mood[tutor], state.quality[tutor]
    often_late = 1 / (1 + np.exp(1.3 + 0.55 * mood - tutors.habits[2][tutor]))
    minutes = np.ceil(rng.exponential(5.0, count))
    late = np.where(rng.random(count) < often_late, np.minimum(minutes, _LATEST_MINUTES), 0)
    technical = rng.random(count) < 0.025
    pull = 1.1 + 0.35 * quality + 0.3 * mood - 0.8 * technical + rng.normal(0, 0.7, count)
    engagement = np.round(1 / (1 + np.exp(-pull)), 4)
    often_moved = 0.065 * np.exp(-0.45 * mood + tutors.habits[3][tutor])
    rescheduled = rng.random(count) < np.minimum(often_moved, 0.6)

    felt = 4.35 + 0.32 * quality + 0.12 * mood + students.leniency[student]
    felt = felt + np.array([item.rating for item in words.SUBJECTS])[subject]
    felt = felt - 0.15 * first - 0.4 * technical - 0.02 * late + rng.normal(0, 0.65, count)
    rating = np.clip(np.rint(felt - 1.2 * no_show), 1, 5).astype(np.int64)
    duration = np.array(words.DURATIONS)[np.searchsorted([0.15, 0.3, 0.85], rng.random(count))]
    over = start + np.where(no_show, 30, late + duration).astype(np.int64) * MINUTE_US
    submitted = over + _hesitation(rng, count)
    answered = rng.random(count) < np.where(no_show, 0.03, 0.945)
    return DaySessions(
        tutor=tutor,
        student=student,
        number=number,
        start_us=start,
        booked_us=booked,
        duration=duration,
        subject=subject,
        rescheduled=rescheduled,
        no_show=no_show,
        late=late.astype(np.int64),
        engagement=engagement,
        technical=technical,
        felt=felt,
        rating=rating,
        rated=answered & (submitted < settings.end_us - 60 * SECOND_US),
        submitted_us=submitted,
    )


def session_rows(world: World, day: int, held: DaySessions, ids: pa.Array) -> pa.Table:
    """The rows of raw table `sessions` for one day; `ids` (sessions,) are the session ids."""
    rng = world.settings.random(_SESSION_ROWS, day)
    n = len(held.tutor)
    began = held.start_us + held.late * MINUTE_US
    met = rng.random(n) < np.clip(0.9 * held.engagement + 0.2, 0, 1)
    wrapped = rng.integers(0, 600, n) * SECOND_US
    over = np.where(held.no_show, held.start_us + 20 * MINUTE_US, began + held.duration * MINUTE_US)
    updated = over + wrapped
    return table_of(
        "sessions",
        {
            "session_id": ids,
            "tutor_id": picked(world.tutors.ids, held.tutor),
            "student_id": picked(world.students.ids, held.student),
            "session_number": whole(held.number),
            "scheduled_start": times(held.start_us),
            "actual_start": times(began, held.no_show),
            "duration_minutes": whole(held.duration),
            "subject": picked([item.name for item in words.SUBJECTS], held.subject),
            "session_type": picked(words.SESSION_TYPES, (rng.random(n) < 0.12).astype(np.int8)),
            "tutor_initiated_reschedule": pa.array(held.rescheduled),
            "no_show": pa.array(held.no_show),
            "late_start_minutes": whole(held.late, held.no_show),
            "engagement_score": pa.array(held.engagement, mask=held.no_show),
            "learning_objectives_met": pa.array(met, mask=held.no_show | (rng.random(n) < 0.04)),
            "technical_issues": pa.array(held.technical & ~held.no_show),
            "created_at": times(held.booked_us),
            "updated_at": times(updated),
            "_loaded_at": times(arrival(rng, updated)),
        },
    )


def feedback_rows(
    world: World, day: int, held: DaySessions, ids: pa.Array, first_id: int
) -> pa.Table:
    """The feedback on one day's sessions, numbered from `first_id`; `ids` (sessions,) as above."""
    rng = world.settings.random(_FEEDBACK_ROWS, day)
    at = np.flatnonzero(held.rated)
    n = len(at)
    rating, submitted = held.rating[at], held.submitted_us[at]
    # The lower the rating, the more areas to improve.
    named = np.clip(4 - rating + rng.integers(-1, 2, n), 0, 3)
    step = rng.integers(0, len(words.AREAS), n)
    areas = (step[:, None] + np.arange(3)) % len(words.AREAS)
    text = 3 * (rating - 1) + rng.integers(0, 3, n)
    details = {
        f"{what}_rating": whole(
            np.clip(rating + rng.choice((-1, 0, 0, 0, 1), n), 1, 5), rng.random(n) < 0.08
        )
        for what in ("subject_knowledge", "communication", "patience", "engagement", "helpfulness")
    }
    recommend = rng.random(n) < np.array([0.03, 0.1, 0.45, 0.9, 0.98])[rating - 1]
    return table_of(
        "student_feedback",
        {
            "feedback_id": numbered("feedback_", first_id, n, 9),
            "session_id": ids.take(pa.array(at)),
            "student_id": picked(world.students.ids, held.student[at]),
            "tutor_id": picked(world.tutors.ids, held.tutor[at]),
            "overall_rating": whole(rating),
            "is_first_session": pa.array(held.number[at] == 1),
            **details,
            "would_recommend": pa.array(recommend, mask=rng.random(n) < 0.05),
            "improvement_areas": lists(words.AREAS, areas, named),
            "free_text_feedback": picked(words.FREE_TEXT, text, rng.random(n) < 0.6),
            "submitted_at": times(submitted),
            "created_at": times(submitted),
            "_loaded_at": times(arrival(rng, submitted)),
        },
    )


def _hesitation(rng: np.random.Generator, n: int) -> Ints:
    """From the end of a session to its feedback: mostly hours, sometimes up to ten days."""
    mean_hours = np.array([5.0, 40.0])[(rng.random(n) < 0.12).astype(np.int64)]
    wait = np.minimum(rng.exponential(1.0, n) * mean_hours, 236.0)
    seconds: Ints = (wait * 3600).astype(np.int64) + 60
    return seconds * SECOND_US
