"""Mentions of a person are found in any spelling, and what resembles them stays."""

from __future__ import annotations

import json
import re

import pytest

from support.project import REPOSITORY
from tutormax.operations.mentions import LIMITS, Mentions, others_alike

MENTIONS = Mentions(
    "tutor_id",
    "tutor-zoe",
    frozenset({"Zoë  O'Neil", "Zed", 'Jo "Ace" O\\Neil'}),
    frozenset({"Zoe@Neil.example"}),
)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("ZOË O'NEIL, zoë o\u2019neil!", "[erased], [erased]!"),
        ("zoe\u0308\u00a0o'neil", "[erased]"),
        ("by Zoë-O'Neil.", "by [erased]."),
        ("Zoë\r\n\tO'Neil's", "[erased]'s"),
        ("zo\u00adë o'neil", "[erased]"),
        ("李Zoë O'Neil李", "李[erased]李"),
        ("Zoë O'Neil2", "[erased]2"),
        ("O'Neil, Zoë; O\u2019NEIL Zoë; O'Neil ,\nZoë.", "[erased]; [erased]; [erased]."),
        ("Zoë\u2011O'Neil, \uff3aoë\u00b7O'Neil", "[erased], [erased]"),
        ("ZED", "***"),
        (" zed ", "*****"),
        ("<zoe@neil.example>, zoe@neil.example.", "<[erased]>, [erased]."),
        ("邮箱zoe@neil.example收", "邮箱[erased]收"),
        ("Tutor-Zoe was late", "[erased] was late"),
        ('Jo "Ace" O\\Neil', "[erased]"),
        (json.dumps({"a": 'Jo "Ace" O\\Neil'}), '{"a": "[erased]"}'),
        (
            r'{"n": 1.00, "a": "so\nZo\u00eb O\'Neil"}'.replace("\\'", "'"),
            r'{"n": 1.00, "a": "so\n[erased]"}',
        ),
        (
            json.dumps({"a": json.dumps({"b": "so\nZoë O'Neil"})}),
            r'{"a": "{\"b\": \"so\\n[erased]\"}"}',
        ),
        ('["zed", {"zoe@neil.example": 1}]', '["***", {"[erased]": 1}]'),
        (r'cannot read "so\nZo\u00eb O' + "'Neil\"", r'cannot read "so\n[erased]"'),
        ('{"tutor_id": "tutor-zoe"}', '{"tutor_id": "[erased]"}'),
    ],
)
def test_mentions_are_redacted(text: str, redacted: str) -> None:
    assert MENTIONS.redacted(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "Zoë O'Neils; xZoë O'Neil; Zoë O'Neil\u0301",
        "zed was late",
        "Zoë, O'Neil; Z. O'Neil; Neil, Zoë",
        "xzoe@neil.example, zoe@neil.example.org",
        "tutor-zoe-2, my_tutor-zoe, tutor-zoe7",
        '{"tutor": "somebody",  "n" : 1e400}',
        "",
        "\\",
    ],
)
def test_what_resembles_them_stays(text: str) -> None:
    assert MENTIONS.redacted(text) == text


@pytest.mark.parametrize(
    ("name", "text", "redacted"),
    [
        ("Doe, Jane Q.", "Jane Q. Doe; Doe, Jane Q.; Jane, Doe", "[erased]; [erased].; Jane, Doe"),
        ("Ana de la Cruz", "de la Cruz, Ana and Cruz, Ana de la", "[erased] and [erased]"),
        ("山田 太郎", "山田太郎さんは、太郎・山田です", "****さんは、*****です"),
        ("김 철수", "김철수가 왔다, 김철순", "***가 왔다, 김철순"),
        ("สมชาย ใจดี", "คุณสมชาย ใจดีมา", "คุณ[erased]มา"),
        ("Иван Петров", "Петров Иван, Петрова Иван", "[erased], Петрова Иван"),
        ("محمد علي", "كتب محمد\u00a0علي.", "كتب [erased]."),
    ],
)
def test_names_of_all_kinds(name: str, text: str, redacted: str) -> None:
    assert Mentions("tutor_id", "t", frozenset({name}), frozenset()).redacted(text) == redacted


def test_what_is_too_long_for_a_rule_stays_so() -> None:
    models = REPOSITORY.glob("models/staging/**/*.sql")
    rules = [re.findall(r"is_too_long\('\w+', (\d+)\)", file.read_text()) for file in models]
    assert {int(limit) for found in rules for limit in found} == set(LIMITS)
    for limit in LIMITS:
        text = "Zoë O'Neil ".ljust(limit + 1, ".")
        assert len(MENTIONS.redacted(text)) > limit
        assert len(MENTIONS.redacted(text[:-1])) < limit


def test_an_id_of_a_digit_is_found_where_ids_are() -> None:
    mentions = Mentions("student_id", "7", frozenset(), frozenset())
    assert mentions.redacted('{"student_id": 7, "n": 7}') == '{"student_id": "[erased]", "n": 7}'
    assert mentions.redacted("7 lessons") == "7 lessons"


def test_the_name_of_somebody_else_stays_in_their_record() -> None:
    record = '{"name": "Zoë O\'Neil", "location": "Zoë O\'Neil"}'
    assert MENTIONS.redacted(record, name_stays=True) == (
        '{"name": "Zoë O\'Neil", "location": "[erased]"}'
    )


def test_other_ids_that_may_be_the_person() -> None:
    people = [
        ("tutor-zoe", "Zoë O'Neil", ""),
        ("TUTOR-Zoe ", "", ""),
        ("b", "ZOË O\u2019NEIL", ""),
        ("c", "", "zoe@NEIL.example"),
        ("d", "Zoë O'Brien", "zoe@brien.example"),
        ("e", "O'NEIL, Zoë", ""),
        ("", "Zoë O'Neil", ""),
    ]
    assert others_alike(people, MENTIONS) == {
        "TUTOR-Zoe ": "the same id in another spelling",
        "b": "the same name",
        "c": "the same email",
        "e": "the same name",
    }
