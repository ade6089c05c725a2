"""The Data Docs: one HTML page that loads nothing from the network.

Great Expectations' own pages load styles and scripts from the network and show values of rows. This
one shows only keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from tutormax.errors import UserError
from tutormax.private import refuse_link
from tutormax.validate.checks import Result
from tutormax.warehouse import Target, place_of


def write_pages(folder: Path, target: Target, results: Sequence[Result], at: datetime) -> Path:
    """Write `index.html` into the folder and return its path; the checks ran `at` this UTC time.

    Raises:
        UserError: it cannot be written.
    """
    jinja = Environment(
        loader=PackageLoader("tutormax.validate"), autoescape=True, undefined=StrictUndefined
    )
    ordered = sorted(results, key=lambda result: result.check.table.label)
    tables = [
        (label, list(group)) for label, group in groupby(ordered, lambda r: r.check.table.label)
    ]
    text = jinja.get_template("data_docs.html").render(
        target=target.value,
        place=place_of(target),
        at=f"{at:%Y-%m-%d %H:%M} UTC",
        tables=tables,
        total=len(results),
        broken=[result for result in ordered if not result.success],
    )
    page = folder / "index.html"
    refuse_link(folder, "--docs")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if page.is_symlink():
            page.unlink()
        page.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"The Data Docs cannot be written to {folder}: {error.strerror}; name another folder "
            "with --docs."
        ) from error
    return page
