"""What people are told to prepare: the reasons for rejection."""

from __future__ import annotations

from collections import Counter

from support.project import REPOSITORY
from support.rule_cases import reasons_of_models
from tutormax.reports.reasons import read_meanings


def test_every_reason_and_no_other_has_a_meaning() -> None:
    meanings, found = read_meanings(REPOSITORY), reasons_of_models()
    counts = Counter(reason for meaning in meanings for reason in meaning.reasons)
    assert counts == Counter({reason for _, reason in found})
    assert len(counts) > 60
    for meaning in meanings:
        given = {table for table, reason in found if reason in meaning.reasons}
        assert given == set(meaning.tables), meaning
