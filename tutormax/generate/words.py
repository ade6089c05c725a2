"""The vocabulary of the synthetic data: enums, subjects, made-up names, text templates."""

from __future__ import annotations

from typing import NamedTuple


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


class Subject(NamedTuple):
    """A subject: its share of the demand, its pull on ratings and its chance of a no-show."""

    name: str
    demand: float
    rating: float
    no_show: float


SUBJECTS = (
    Subject("Mathematics", 0.24, -0.10, 0.034),
    Subject("English", 0.16, 0.08, 0.026),
    Subject("Physics", 0.11, -0.14, 0.036),
    Subject("Chemistry", 0.10, -0.10, 0.038),
    Subject("Biology", 0.09, 0.03, 0.030),
    Subject("Computer Science", 0.09, 0.05, 0.024),
    Subject("History", 0.06, 0.10, 0.028),
    Subject("Spanish", 0.06, 0.14, 0.022),
    Subject("Test Preparation", 0.06, -0.18, 0.052),
    Subject("Economics", 0.03, 0.00, 0.032),
)


class Archetype(NamedTuple):
    """How tutors of an archetype start and change.

    `share` of the tutors; `quality` of teaching and `mood` (satisfaction) in standard deviations;
    `slide` is the daily change of the level to which their mood returns.
    """

    name: str
    share: float
    quality: float
    mood: float
    slide: float


ARCHETYPES = (
    Archetype("high_performer", 0.22, 0.9, 0.9, 0.000),
    Archetype("at_risk", 0.15, -0.9, -0.5, -0.003),
    Archetype("new_tutor", 0.08, -0.2, 0.3, 0.004),
    Archetype("steady", 0.42, 0.2, 0.5, 0.000),
    Archetype("churner", 0.13, -0.3, 0.3, -0.022),
)
NEW_TUTOR = 2

FIRST_NAMES = _split(
    "Ada Bela Cleo Dario Edda Faro Gina Hale Ines Jory Kaia Lio Mira Nilo Odette Pax Quin Rhea "
    "Silas Tova Ugo Vera Wim Xenia Yara Zeno Alba Bram Cora Dex Elin Finn Greta Hugo Ilse Jonas"
)
LAST_NAMES = _split(
    "Alder Birch Cedarfield Dunmore Elmwood Fernley Garrow Hazelton Ivers Juniper Kestrel Larkin "
    "Marlow Nettle Oakham Penrose Quillon Rowanby Sorrel Thornby Underhill Vale Willowby Yarrow "
    "Ashdown Brackenridge Copperfield Driftwood Everglade Foxglove Greenhollow Heatherly"
)
DOMAINS = ("example.com", "example.org", "example.net")
LOCATIONS = (
    "North Harbor",
    "Lakeview",
    "Old Mill",
    "Stonebridge",
    "Highmeadow",
    "Port Arden",
    "Westhollow",
    "Cinder Hill",
)
EDUCATION = ("Bachelor's", "Master's", "Doctorate", "Teaching Certificate", "Undergraduate")

SESSION_TYPES = ("1-on-1", "group")
DURATIONS = (30, 45, 60, 90)
AREAS = (
    "pacing",
    "clearer explanations",
    "more examples",
    "punctuality",
    "patience",
    "homework follow-up",
    "use of visuals",
)
# Three templates for each overall rating, 1 first.
FREE_TEXT = (
    "I did not learn anything in this session.",
    "The tutor seemed unprepared.",
    "Very disappointing, I would like another tutor.",
    "Hard to follow most of the time.",
    "We lost a lot of time at the start.",
    "The explanations did not help me much.",
    "It was fine, but we went too fast.",
    "Some parts were clear, others were not.",
    "Average session.",
    "Good session, I understand it better now.",
    "Helpful, with good examples.",
    "Friendly and clear.",
    "Excellent, everything makes sense now!",
    "The best explanation I have had so far.",
    "Patient, clear and fun. Thank you!",
)

EVENT_TYPES = (
    "login",
    "message_response",
    "reschedule_request",
    "availability_change",
    "training_completed",
)
DEVICES = ('{"device": "web"}', '{"device": "ios"}', '{"device": "android"}')
RESCHEDULE_REASONS = ("illness", "schedule conflict", "travel", "family matter")
COURSES = tuple(
    f'{{"course": "{course}"}}'
    for course in ("First Session Basics", "Clear Feedback", "Keeping Attention", "Online Tools")
)


class Intervention(NamedTuple):
    """An intervention type: frequency, days until due, who does it, and its reason.

    The reason is `before`, a measured number, `after`; `measure` names the number (see
    `tutormax.generate.interventions`).
    """

    name: str
    weight: float
    due_days: int
    assigned_to: str
    measure: int
    before: str
    after: str


INTERVENTIONS = (
    Intervention("automated_coaching", 1.0, 3, "system", 0, "Average rating ", " in 30 days"),
    Intervention("training_module", 1.0, 14, "training_team", 1, "Mean engagement ", " in 30 days"),
    Intervention("first_session_checkin", 0.7, 5, "mentor", 2, "First session success ", ""),
    Intervention("rescheduling_alert", 0.6, 3, "system", 3, "Reschedule rate ", " in 30 days"),
    Intervention("manager_coaching", 0.7, 7, "manager", 4, "Estimated churn risk ", " of 100"),
    Intervention("peer_mentoring", 0.7, 14, "mentor", 4, "Estimated churn risk ", " of 100"),
    Intervention(
        "performance_improvement_plan", 0.3, 30, "manager", 0, "Average rating down to ", ""
    ),
    Intervention(
        "retention_interview", 0.4, 2, "retention_team", 4, "Churn risk up to ", " of 100"
    ),
    Intervention("recognition", 0.6, 7, "manager", 0, "Average rating of ", ", well done"),
)
OUTCOMES = ("improved", "no_change", "declined", "churned")
NOTES = (
    "Spoke on the phone.",
    "Agreed on two goals for the next weeks.",
    "Material sent, follow-up planned.",
    "No reply to the first message.",
)
