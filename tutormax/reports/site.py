"""Makes all pages of the site from one state of the warehouse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tutormax.closed_periods import declared_days
from tutormax.operations.project import project_folder, project_vars
from tutormax.reports import pages
from tutormax.reports.charts import specs
from tutormax.reports.people import tutors_of
from tutormax.reports.reading import HISTORY_DAYS, Tables, read_tables
from tutormax.reports.reasons import read_meanings
from tutormax.reports.words import FILTERS, RISKS, WINDOWS
from tutormax.reports.writing import check_folder, write_site
from tutormax.train.seeds import FOLDER, read_models
from tutormax.warehouse import Target


class Made(NamedTuple):
    """What was made."""

    pages: int
    bytes: int


def make_site(target: Target, out: Path, *, names: bool = False, label: str = "") -> Made:
    """Read the warehouse and write the pages.

    Raises:
        UserError: the warehouse cannot be read, or the folder cannot be written.
    """
    check_folder(out)
    folder = project_folder() / "reports"
    variables = project_vars()
    tables = read_tables(target, folder / "queries", variables, names=names)
    texts = site_texts(
        tables,
        folder,
        label=label,
        inactivity_days=int(variables["churn_inactivity_days"]),
        min_tutors=int(variables["effectiveness_min_tutors"]),
        recent_days=int(variables["recent_session_days"]),
    )
    total = write_site(out, texts, private=names)
    return Made(sum(name.endswith(".html") for name in texts), total)


def site_texts(
    tables: Tables,
    folder: Path,
    *,
    label: str = "",
    inactivity_days: int,
    min_tutors: int,
    recent_days: int,
) -> dict[str, str]:
    """All files of the site by name; the same tables give the same texts."""
    templates = Environment(
        loader=FileSystemLoader(folder / "pages"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= FILTERS | {"json": _json}
    shared = {
        "as_of": tables.as_of,
        "label": label,
        "history_days": HISTORY_DAYS,
        "inactivity_days": inactivity_days,
        "windows": WINDOWS,
        "levels": RISKS,
        "held_back": next((row["reason"] for row in tables.open["model_status"]), None),
        "min_tutors": min_tutors,
        "recent_days": recent_days,
        "with_names": bool(tables.personal),
        "last_run": next(iter(tables.open["runs"]), None),
    }

    def page(template: str, values: dict[str, Any], depth: int = 0) -> str:
        up = "../" * depth
        return templates.get_template(template).render(shared | {"data": {}, "up": up} | values)

    tutors = tutors_of(tables)
    declared = declared_days(folder.parent)
    meanings = read_meanings(folder.parent)
    done = pages.interventions(tables, tutors, min_tutors=min_tutors)
    texts = {
        "index.html": page("index.html", pages.overview(tables, tutors, meanings, declared)),
        "queue.html": page("queue.html", pages.queue(tables, tutors)),
        "interventions.html": page("interventions.html", done),
        "model.html": page("model.html", pages.model(tables, folder.parent)),
        "quality.html": page("quality.html", pages.quality(tables, meanings)),
        "tutors/index.html": page("tutors.html", pages.tutor_list(tutors), depth=1),
    }
    versions = {tutor.facts["model_version"] for tutor in tutors}
    models = read_models(folder.parent / FOLDER, versions)
    for tutor in tutors:
        values = pages.tutor(tutor, tables.as_of, models)
        texts[f"tutors/{tutor.page}.html"] = page("tutor.html", values, depth=1)
    for name in ("report.css", "tables.js"):
        texts[f"assets/{name}"] = (folder / "assets" / name).read_text(encoding="utf-8")
    texts["assets/charts.js"] = _charts_script(folder / "assets" / "charts.js")
    return texts


def _charts_script(snippet: Path) -> str:
    """Vega, the specifications and the drawing code in one file without global names."""
    known = f"const specs = {json.dumps(specs(), sort_keys=True)};\n"
    bundle = vl_convert.javascript_bundle(known + snippet.read_text(encoding="utf-8"))
    return f"(() => {{\n{bundle}\n}})();\n"


def _json(value: Any) -> Markup:
    """JSON that is safe in a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))
