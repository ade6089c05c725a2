"""The tutors and students, as before the first day, and their rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tutormax.generate import words
from tutormax.generate.columns import (
    Bools,
    Floats,
    Ints,
    joined,
    lists,
    numbered,
    picked,
    table_of,
    times,
    whole,
)
from tutormax.generate.settings import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Settings

_TUTORS, _STUDENTS, _TUTOR_ROWS, _STUDENT_ROWS = 1, 2, 3, 4
_OLDEST_DAYS = 730
_WEEK_HOURS = 168.0


@dataclass(frozen=True)
class Tutors:
    """Fixed traits, each of shape (tutors,), in order of onboarding; `subjects` is (tutors, 3)."""

    ids: pa.Array
    onboarded_us: Ints
    onboarded_day: Ints  # counted from the first day; negative before it
    archetype: Ints
    subjects: npt.NDArray[np.int64]
    subject_count: Ints
    baseline: Floats  # sessions a week the tutor wants
    quality: Floats
    mood: Floats
    slide: Floats
    habits: Floats  # (5, tutors): login, reply, lateness, reschedule, no-show; log scale


@dataclass(frozen=True)
class Students:
    """Fixed traits, each of shape (students,), in order of creation."""

    ids: pa.Array
    created_us: Ints
    created_day: Ints
    leniency: Floats


@dataclass(frozen=True)
class World:
    """What does not change: the settings, tutors and students."""

    settings: Settings
    tutors: Tutors
    students: Students


def make_tutors(settings: Settings) -> Tutors:
    """Draw the tutors: most from before the first day, the others joining later."""
    rng = settings.random(_TUTORS)
    n = settings.tutors
    days = _arrival_days(rng, n, settings.days, joining=0.15)
    archetype = rng.choice(len(words.ARCHETYPES), n, p=[a.share for a in words.ARCHETYPES])
    # New tutors mostly have the archetype new_tutor.
    archetype[(days > -30) & (rng.random(n) < 0.7)] = words.NEW_TUTOR
    kinds = np.array([(a.quality, a.mood, a.slide) for a in words.ARCHETYPES])[archetype]
    # About 85 % of tutors work on an average day, so that wanted sessions match demand.
    wanted = 7 * settings.sessions_per_day / (0.85 * n)
    wished: Floats = wanted * np.exp(rng.normal(-0.06, 0.35, n))
    baseline = np.clip(wished, 2.0, _WEEK_HOURS).round(1)
    return Tutors(
        ids=numbered("tutor_", 1, n, 5),
        onboarded_us=settings.start_us + days * DAY_US + _office_hours(rng, n),
        onboarded_day=days,
        archetype=archetype,
        subjects=_subjects(rng, n),
        subject_count=rng.integers(1, 4, n),
        baseline=baseline,
        quality=kinds[:, 0] + rng.normal(0, 0.45, n),
        mood=kinds[:, 1] + rng.normal(0, 0.45, n),
        slide=kinds[:, 2] * rng.uniform(0.3, 1.7, n),
        habits=rng.normal(0, 1, (5, n)) * np.array([[0.22], [0.35], [0.45], [0.40], [0.25]]),
    )


def make_students(settings: Settings) -> Students:
    """Draw the students, ten per tutor, some of them joining later."""
    rng = settings.random(_STUDENTS)
    n = settings.students
    days = _arrival_days(rng, n, settings.days, joining=0.25)
    return Students(
        ids=numbered("student_", 1, n, 6),
        created_us=settings.start_us + days * DAY_US + _office_hours(rng, n),
        created_day=days,
        leniency=rng.normal(0, 0.25, n),
    )


def tutor_rows(world: World, left_day: Ints) -> pa.Table:
    """The tutors' rows; `left_day` (tutors,) is the last day worked, -1 for tutors who stayed."""
    settings, tutors = world.settings, world.tutors
    rng = settings.random(_TUTOR_ROWS)
    n = settings.tutors
    left = left_day >= 0
    # 23:30: after anything that a tutor can do on that day.
    left_us = settings.start_us + left_day * DAY_US + 23 * HOUR_US + 30 * MINUTE_US
    edited = _edited(rng, settings, tutors.onboarded_us)
    updated = np.where(left, left_us, edited)
    status = np.where(left, np.where(rng.random(n) < 0.85, 2, 1), 0)
    first, last = _name_codes(rng, n)
    name = joined(picked(words.FIRST_NAMES, first), " ", picked(words.LAST_NAMES, last))
    lower_first = [word.lower() for word in words.FIRST_NAMES]
    lower_last = [word.lower() for word in words.LAST_NAMES]
    email = joined(
        picked(lower_first, first),
        ".",
        picked(lower_last, last),
        numbered(".", 1, n, 1),
        "@",
        picked(words.DOMAINS, rng.integers(0, len(words.DOMAINS), n)),
    )
    return table_of(
        "tutors",
        {
            "tutor_id": tutors.ids,
            "name": name,
            "email": email,
            "onboarding_date": times(tutors.onboarded_us),
            "status": picked(("active", "inactive", "churned"), status),
            "subjects": lists(
                [subject.name for subject in words.SUBJECTS], tutors.subjects, tutors.subject_count
            ),
            "education_level": _sometimes(rng, words.EDUCATION, n),
            "location": _sometimes(rng, words.LOCATIONS, n),
            "baseline_sessions_per_week": pa.array(tutors.baseline),
            "behavioral_archetype": picked([a.name for a in words.ARCHETYPES], tutors.archetype),
            "created_at": times(tutors.onboarded_us),
            "updated_at": times(updated),
            "_loaded_at": times(arrival(rng, updated)),
        },
    )


def student_rows(world: World) -> pa.Table:
    """The students' rows."""
    settings, students = world.settings, world.students
    rng = settings.random(_STUDENT_ROWS)
    n = settings.students
    age = np.clip(np.rint(rng.normal(14, 3, n)), 6, 24).astype(np.int64)
    grades = ["Kindergarten"] + [f"Grade {grade}" for grade in range(1, 13)] + ["College"]
    updated = _edited(rng, settings, students.created_us)
    first, last = _name_codes(rng, n)
    return table_of(
        "students",
        {
            "student_id": students.ids,
            "name": joined(picked(words.FIRST_NAMES, first), " ", picked(words.LAST_NAMES, last)),
            "age": whole(age, rng.random(n) < 0.03),
            "grade_level": picked(grades, np.clip(age - 6, 0, 13)),
            "subjects_interested": lists(
                [subject.name for subject in words.SUBJECTS],
                _subjects(rng, n),
                rng.integers(1, 4, n),
            ),
            "created_at": times(students.created_us),
            "updated_at": times(updated),
            "_loaded_at": times(arrival(rng, updated)),
        },
    )


def arrival(rng: np.random.Generator, last_us: Ints) -> Ints:
    """When rows last changed at `last_us` arrive: one to thirty minutes later."""
    return last_us + rng.integers(60, 1_800, len(last_us)) * SECOND_US


def _arrival_days(rng: np.random.Generator, n: int, days: int, joining: float) -> Ints:
    """Sorted days; the share `joining` (scaled from 90 days) is within the simulation."""
    within: Bools = rng.random(n) < min(0.4, joining * days / 90)
    # At least one from the start, so that the smallest simulation is not empty.
    within[0] = False
    before = rng.integers(-_OLDEST_DAYS, 0, n)
    return np.sort(np.where(within, rng.integers(0, days, n), before))


def _office_hours(rng: np.random.Generator, n: int) -> Ints:
    return rng.integers(8 * 3600, 18 * 3600, n) * SECOND_US


def _subjects(rng: np.random.Generator, n: int) -> Ints:
    """Three different subjects per row, popular ones more often (the Gumbel trick)."""
    appeal = np.log([subject.demand for subject in words.SUBJECTS])
    return np.argsort(-(appeal + rng.gumbel(size=(n, len(appeal)))), axis=1)[:, :3].copy()


def _name_codes(rng: np.random.Generator, n: int) -> tuple[Ints, Ints]:
    return (
        rng.integers(0, len(words.FIRST_NAMES), n),
        rng.integers(0, len(words.LAST_NAMES), n),
    )


def _sometimes(rng: np.random.Generator, choices: tuple[str, ...], n: int) -> pa.Array:
    return picked(choices, rng.integers(0, len(choices), n), rng.random(n) < 0.04)


def _edited(rng: np.random.Generator, settings: Settings, created_us: Ints) -> Ints:
    """When rows were last edited: a third at some later instant, the others never."""
    span = (settings.end_us - created_us) // SECOND_US - 60
    later = (rng.random(len(created_us)) * span).astype(np.int64) * SECOND_US
    return np.where(rng.random(len(created_us)) < 0.33, created_us + later, created_us)
