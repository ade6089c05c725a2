"""`tutormax load --mapping` of files with another delimiter, quote, encoding or decimal comma."""

from __future__ import annotations

import csv
import gzip
import io
from typing import Any

import pytest
import yaml

from support.load_mapping import mapped
from support.load_trial import SESSION, Trial, write_rows

DIALECTS = {
    "semicolons": ('delimiter: ";"\ndecimal: ","', ";", '"', "utf-8"),
    "tabs": ('delimiter: "\\t"\ndecimal: ","', "\t", '"', "utf-8"),
    "another quote": ('quote: "\'"\ndecimal: ","', ",", "'", "utf-8"),
    "encoding": ("encoding: windows-1252\ndecimal: ','", ",", '"', "windows-1252"),
    "encoding with a mark": ("encoding: utf-16\ndecimal: ','", ",", '"', "utf-16"),
    "encoding without a mark": ('encoding: UTF-16LE\ndecimal: ","', ",", '"', "utf-16-le"),
}


@pytest.mark.parametrize("of_table", [False, True])
@pytest.mark.parametrize("name", DIALECTS)
def test_csv_written_in_another_way(trial: Trial, name: str, of_table: bool) -> None:
    mapping, delimiter, quote, encoding = DIALECTS[name]
    subject = f"Zoé{delimiter} \"x\" 'y'\nZ"
    cells = SESSION | {"subject": subject, "engagement_score": "0,25", "late_start_minutes": "3,0"}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(cells), delimiter=delimiter, quotechar=quote)
    writer.writeheader()
    writer.writerow(cells)
    trial.write("sessions.csv.gz", gzip.compress(text.getvalue().encode(encoding)))
    if of_table:
        inner = {"delimiter": ",", **yaml.safe_load(mapping)}
        mapping = yaml.safe_dump({"delimiter": "|", "tables": {"sessions": inner}})
    trial.load(*mapped(trial, mapping))
    columns = "subject, engagement_score, late_start_minutes, duration_minutes"
    assert trial.rows("sessions", columns) == [(subject, 0.25, 3, 60)]


@pytest.mark.parametrize("name", ["sessions.tsv", "export.txt.gz"])
def test_a_file_of_tabs_that_the_mapping_names(trial: Trial, name: str) -> None:
    text = "\t".join(SESSION) + "\n" + "\t".join(map(str, SESSION.values()))
    trial.write(name, gzip.compress(text.encode()) if name.endswith("gz") else text)
    mapping = f'tables: {{sessions: {{files: [{name}], delimiter: "\\t"}}}}'
    assert trial.load(*mapped(trial, mapping)).counts() == {"sessions": (1, 1, 0)}
    refusal = trial.refused(*mapped(trial, f"tables: {{sessions: {{files: [{name}]}}}}"))
    assert f"{name} is not a file that can be loaded" in refusal


def test_a_decimal_comma_of_all_files_is_not_that_of_json_numbers(trial: Trial) -> None:
    scores: dict[str, Any] = {"json": 0.25, "parquet": 0.25, "csv": "0,25"}
    for form, score in scores.items():
        write_rows(trial, "sessions", [SESSION | {"engagement_score": score}], form)
        assert trial.load(*mapped(trial, 'decimal: ","')).counts() == {"sessions": (1, 1, 0)}
        (trial.files / f"sessions.{form}").unlink()
    assert trial.rows("sessions", "engagement_score") == [(0.25,)] * 3
    write_rows(trial, "sessions", [SESSION | {"engagement_score": "1.5"}], "csv")
    trial.load(*mapped(trial, 'decimal: ","'))
    assert trial.errors() == ["engagement_score: '1.5' is not a number with a decimal comma"]
