"""`tutormax load --explain`: what would not load, and lines of a mapping that mend it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from itertools import product

import pytest

from support.load_mapping import mapped
from support.load_trial import NOON, SESSION, STUDENT, TUTOR, Trial, write_rows

FINDING = re.compile(r"  in a mapping, under tables: (\w+)(: columns)?( \(.*\))?:")


def explained(trial: Trial, *arguments: str) -> list[tuple[str, bool, list[str]]]:
    """Table, whether for its columns, and the lines of each finding of a load that would fail."""
    outcome = trial.load("--explain", *arguments)
    assert outcome.code == 1, outcome.err
    assert outcome.out.endswith("Not everything would load; nothing was loaded.\n")
    assert not trial.database.exists()
    found: list[tuple[str, bool, list[str]]] = []
    for line in outcome.out.splitlines():
        if match := FINDING.fullmatch(line):
            found.append((match[1], bool(match[2]), []))
            ambiguous = match[3] is not None
        elif line.startswith("    ") and line.strip():
            found[-1][2].append(line.strip())
            assert ambiguous or len(found[-1][2]) == 1
    return found


def mappings(found: list[tuple[str, bool, list[str]]]) -> list[str]:
    """Every mapping that the findings leave open."""
    texts = []
    for choice in product(*(lines for _, _, lines in found)):
        text = "tables:\n"
        for table in dict.fromkeys(table for table, _, _ in found):
            of_table = [(f, line) for f, line in zip(found, choice, strict=True) if f[0] == table]
            text += f"  {table}:\n"
            text += "".join(f"    {line}\n" for f, line in of_table if not f[1])
            text += "    columns:\n"
            text += "".join(f"      {line}\n" for f, line in of_table if f[1])
        texts.append(text)
    return texts


def lines_of(found: list[tuple[str, bool, list[str]]]) -> list[list[str]]:
    return [lines for _, _, lines in found]


# Each value is a text in JSON too, and JSON takes longest.
@pytest.mark.parametrize("form", ["csv", "parquet", pytest.param("json", marks=pytest.mark.deep)])
def test_what_explain_says_mends_everything(trial: Trial, form: str) -> None:
    sessions = [
        {
            "scheduled_start": "1/31/2026 12:00 PM",
            "actual_start": "1769860800",
            "no_show": "Attended",
            "engagement_score": "0,5",
            "technical_issues": "ja",
            "duration_minutes": "N/A",
        },
        {
            "scheduled_start": "02/01/2026 12:00 PM",
            "actual_start": "-",
            "no_show": "No Show",
            "engagement_score": "1",
            "technical_issues": "yes",
            "duration_minutes": "60",
        },
    ]
    base = {name: str(value) for name, value in SESSION.items()}
    write_rows(trial, "sessions", [base | cells for cells in sessions], form)
    tutor = {"Tutor-ID" if name == "tutor_id" else name: cell for name, cell in TUTOR.items()}
    write_rows(trial, "tutors", [tutor], form)
    students = [{"subjects_interested": "['Math']", "created_at": "1769860800000"}]
    write_rows(trial, "students", [STUDENT | cells for cells in students], form)
    found = explained(trial)
    assert sorted(lines for _, _, lines in found) == [
        ["actual_start: {from: actual_start, format: epoch_s}"],
        ["created_at: {from: created_at, format: epoch_ms}"],
        ['engagement_score: {from: engagement_score, decimal: ","}'],
        ["no_show: {from: no_show, values: {Attended: false, No Show: true}}"],
        ['null: ["-", N/A]'],
        ['scheduled_start: {from: scheduled_start, format: "%m/%d/%Y %I:%M %p"}'],
        ["subjects_interested: {from: subjects_interested, list: python}"],
        ["technical_issues: {from: technical_issues, values: {ja: true, yes: true}}"],
        ["tutor_id: Tutor-ID"],
    ]
    (mapping,) = mappings(found)
    outcome = trial.load(*mapped(trial, mapping))
    assert outcome.counts() == {"tutors": (1, 1, 0), "students": (1, 1, 0), "sessions": (2, 2, 0)}
    assert trial.rows("sessions", "scheduled_start, actual_start, no_show, technical_issues") == [
        (NOON, NOON, False, True),
        (NOON.replace(month=2, day=1), None, True, True),
    ]
    assert trial.load("--explain", *mapped(trial, mapping)).code == 0


CASES: list[tuple[str, list[str], list[str]]] = [
    ("created_at", ["13/1/2026"], ['format: "%d/%m/%Y"']),
    ("created_at", ["1/2/2026"], ['format: "%m/%d/%Y"', 'format: "%d/%m/%Y"']),
    ("created_at", ["1.2.2026 10:00"], ['format: "%d.%m.%Y %H:%M"']),
    ("created_at", ["May 5, 2026"], ['format: "%b %d, %Y"']),
    ("created_at", ["5.4.2026", "2026-01-02"], ['format: ["%d.%m.%Y", "%Y-%m-%d"]']),
    ("created_at", ["Sat, 31 Jan 2026 12:00:00 +0000"], ['format: "%a, %d %b %Y %H:%M:%S %z"']),
    ("created_at", ["1/2/2026", "soon"], []),
    ("created_at", ["12345"], []),
    ("subjects_interested", ["Math, Art", "Art"], ['list: ","']),
    ("subjects_interested", ["Math; Art"], ['list: ";"']),
    ("subjects_interested", ["['Math', None]", "[]"], ["list: python"]),
    ("age", ["7,0"], ['decimal: ","']),
    ("age", ["seven"], []),
    # A line that mends one value must not spoil another.
    ("age", ["7,0", "8.0"], []),
    ("subjects_interested", ["Math, Art", '["Math"]'], []),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1][0]}")
def test_each_line_that_mends_a_column(
    trial: Trial, case: tuple[str, list[str], list[str]]
) -> None:
    column, texts, declared = case
    trial.write_csv("students.csv", [STUDENT | {column: text} for text in texts])
    found = explained(trial)
    wanted = [f"{column}: {{from: {column}, {how}}}" for how in declared]
    assert lines_of(found) == ([wanted] if wanted else [])
    for mapping in mappings(found) if wanted else []:
        assert trial.load("--explain", *mapped(trial, mapping)).code == 0


def test_words_that_do_not_tell_which_is_true(trial: Trial) -> None:
    trial.write_csv("sessions.csv", [SESSION | {"technical_issues": word} for word in ("a", "b")])
    ((_, _, lines),) = explained(trial)
    assert lines == [
        "technical_issues: {from: technical_issues, values: {a: true, b: false}}",
        "technical_issues: {from: technical_issues, values: {a: false, b: true}}",
    ]


def test_the_sample_of_values_is_not_the_first_by_the_alphabet(trial: Trial) -> None:
    texts = [f"{i % 2 + 1}/{i // 2 % 12 + 1}/{1900 + i // 24}" for i in range(2400)]
    texts += [f"3/{i % 28 + 1}/{1900 + i // 28}" for i in range(2800)]
    trial.write_csv("students.csv", [STUDENT | {"created_at": text} for text in texts])
    assert lines_of(explained(trial)) == [['created_at: {from: created_at, format: "%m/%d/%Y"}']]


def test_a_mapping_is_mended_too(trial: Trial) -> None:
    trial.write_csv("students.csv", [STUDENT | {"Made": text} for text in ("1/2/2026", "3.4.2026")])
    columns = "columns: {created_at: {from: %s, format: '%%m/%%d/%%Y', time_zone: Asia/Tokyo}}"
    mapping = f"tables: {{students: {{{columns}}}}}"
    assert lines_of(explained(trial, *mapped(trial, mapping % "made"))) == [["created_at: Made"]]
    ((line,),) = lines_of(explained(trial, *mapped(trial, mapping % "Made")))
    formats = '["%d.%m.%Y", "%m/%d/%Y"]'
    assert line == f"created_at: {{from: Made, format: {formats}, time_zone: Asia/Tokyo}}"
    text = f"tables: {{students: {{columns: {{{line}}}}}}}"
    assert trial.load(*mapped(trial, text)).code == 0
    made = [datetime(2026, 1, 1, 15, tzinfo=UTC), datetime(2026, 4, 2, 15, tzinfo=UTC)]
    assert [row[0] for row in trial.rows("students", "created_at")] == made


def test_counts_examples_and_files_that_stop_a_load(trial: Trial) -> None:
    trial.write_csv("students.csv", [STUDENT | {"age": word} for word in ("x", "y", "5")])
    trial.write("tutors.csv", "tutor_id,name\nt1\n")
    trial.write("sessions.jsonl", '{"session_id": "a", "session_id": "b"}\n')
    outcome = trial.load("--explain")
    assert outcome.code == 1
    assert outcome.counts() == {"students": (3, 1, 2)}
    assert "students.csv: 2 unreadable values of age, for example 'x'." in outcome.out
    assert "tutors.csv is malformed CSV" in outcome.out
    assert "sessions.jsonl lacks the required columns" in outcome.out


def test_rows_without_an_unreadable_value_are_explained(trial: Trial) -> None:
    trial.write("students.jsonl", '{"student_id": "a", "student_id": "b", "name": "Ann"}\n')
    assert explained(trial) == []
    assert "a key is given twice" in trial.load("--explain").out


def test_nothing_is_wrong_and_nothing_is_loaded(trial: Trial) -> None:
    trial.write_csv("students.csv", [STUDENT])
    outcome = trial.load("--explain")
    assert (outcome.code, outcome.counts()) == (0, {"students": (1, 1, 0)})
    assert outcome.out.endswith("Everything would load; nothing was loaded.\n")
    assert not trial.database.exists()


def test_a_folder_without_files_is_refused(trial: Trial) -> None:
    assert "has no file to load" in trial.refused("--explain")


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_explain_names_the_delimiter_and_what_then_does_not_load(trial: Trial, mark: str) -> None:
    cells = SESSION | {"engagement_score": "0,5"}
    trial.write("sessions.csv", "\n".join([mark.join(cells), mark.join(map(str, cells.values()))]))
    found = explained(trial)
    assert lines_of(found) == [
        [f"delimiter: {json.dumps(mark)}"],
        ['engagement_score: {from: engagement_score, decimal: ","}'],
    ]
    (mapping,) = mappings(found)
    assert trial.load(*mapped(trial, mapping)).counts() == {"sessions": (1, 1, 0)}
    assert trial.value("sessions", "engagement_score") == 0.5
