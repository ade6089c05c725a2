"""`tutormax load` of JSON: values of its own types, numbers as written, keys given twice."""

from __future__ import annotations

import json

import pytest

from support.load_trial import SESSION, TUTOR, Trial

OWN_NUMBERS = ["1.10", "1e3", "-0", "1E-7", "1e21", "1E400", "0.12345678901234567890123", "1.5"]


def test_numbers_of_json_stay_as_they_are_written(trial: Trial) -> None:
    listed = ",".join(OWN_NUMBERS)
    objects = ",".join(f'"{number}": {number}' for number in OWN_NUMBERS[:3])
    student = f'"subjects_interested": [{listed}, "\\u00011"]'
    trial.write(
        "students.jsonl",
        "".join(f'{{"student_id":{n},"name":"\\u00011",{student}}}\n' for n in OWN_NUMBERS),
    )
    trial.write(
        "tutor_events.json",
        '[{"event_id":1.50,"tutor_id":"1","event_type":"x","event_timestamp":"2026-01-31",'
        f'"metadata":{{{objects}, "é\\/":"1.10"}}}},\n'
        '{"event_id":2.50,"event_id":2.0,"tutor_id":1.10,"event_type":"x","event_timestamp":1.0}]',
    )
    trial.write_csv("tutors.csv", [{**TUTOR, "subjects": f"[{listed}]"}])
    trial.loaded()
    held = [*OWN_NUMBERS, "\x011"]
    assert trial.rows("students", "student_id, name, subjects_interested") == sorted(
        (number, "\x011", held) for number in OWN_NUMBERS
    )
    compact = objects.replace(" ", "")
    assert trial.rows("tutor_events", "event_id, metadata") == [
        ("1.50", f'{{{compact},"é/":"1.10"}}')
    ]
    assert trial.value("tutors", "subjects") == OWN_NUMBERS
    record = json.loads(trial.value("unreadable_rows", "record"))
    assert record["event_id"] == "[2.50,2.0]"
    assert record["tutor_id"] == "1.10"


def test_json_values_of_another_type(trial: Trial) -> None:
    trial.write(
        "students.jsonl",
        '{"student_id":5,"name":true,"age":3.0}\n'
        '{"student_id":"6","name":{"first":"Ann"}}\n'
        '{"student_id":"7","name":"[Ann]","age":"8"}\n'
        '{"student_id":"8","name":["Ann"]}\n'
        '{"student_id":"9","name":"x","age":true}\n',
    )
    trial.write(
        "sessions.jsonl",
        json.dumps({**SESSION, "engagement_score": float("nan"), "no_show": 1})
        + "\n"
        + json.dumps({**SESSION, "engagement_score": float("inf"), "no_show": "false"}),
    )
    assert trial.loaded().counts() == {"students": (5, 2, 3), "sessions": (2, 2, 0)}
    assert trial.rows("students", "student_id, name, age") == [("5", "true", 3), ("7", "[Ann]", 8)]
    assert (
        repr(trial.rows("sessions", "no_show, engagement_score")) == "[(False, inf), (True, nan)]"
    )
    assert [error.split(" is not ")[0] for error in trial.errors()] == [
        "age: 'true'",
        "name: '[\"Ann\"]'",
        'name: \'{"first":"Ann"}\'',
    ]


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_a_row_with_a_key_twice_is_set_aside(trial: Trial, form: str) -> None:
    rows = [
        '{"student_id":"s1","name":"old","name":"new"}',
        '{"student_id":"s2","name":"B","x":{"x":1},"age":5}',
        '{"student_id":"s3","other":1,"name":"C","other":1}',
        '{"student_id":"s4","student_id":"s5","name":"D"}',
        # DuckDB allows the last comma, Python does not.
        '{"student_id":"s6","name":"E","name":1.10,}',
    ]
    text = "[" + ",".join(rows) + "]" if form == "json" else "\n".join(rows)
    trial.write(f"students.{form}", text)
    assert trial.loaded().counts() == {"students": (5, 1, 4)}
    assert trial.value("students", "student_id") == "s2"
    assert set(trial.errors()) == {"a key is given twice"}
    records = [json.loads(row[0]) for row in trial.rows("unreadable_rows", "record")]
    assert sorted(records, key=repr) == [
        {"student_id": '["s4","s5"]', "name": "D", "age": None},
        {"student_id": "s1", "name": '["old","new"]', "age": None},
        {"student_id": "s3", "name": "C", "age": None},
        {"student_id": "s6", "name": '["E",1.10]', "age": None},
    ]


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_half_of_a_surrogate_pair_sets_its_row_aside(trial: Trial, form: str) -> None:
    names = [r"\ud83d\ude00", r"cut \ud83d", r"\ude00 cut", r"\\ud83d", r"\uD83D\uD83D\uDE00", "é"]
    rows = [f'{{"student_id":"s{number}","name":"{name}"}}' for number, name in enumerate(names)]
    text = "[" + ",\n".join(rows) + "]" if form == "json" else "\n".join(rows)
    trial.write(f"students.{form}", text)
    assert trial.loaded().counts() == {"students": (6, 3, 3)}
    found = dict(trial.rows("students", "student_id, name"))
    assert found == {"s0": "\U0001f600", "s3": r"\ud83d", "s5": "é"}
    assert [error.split(" is not ")[0] for error in trial.errors()] == [
        r"name: '\u0000\ud83d😀'".replace("ud83d", "uD83D"),
        r"name: '\u0000\ude00 cut'",
        r"name: 'cut \u0000\ud83d'",
    ]
