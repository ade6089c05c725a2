"""Runs Great Expectations, and finds the keys of rows that break an expectation."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tutormax.errors import UserError
from tutormax.validate.checks import SAMPLE, Check, Result
from tutormax.validate.engines import Engine, frame_batch
from tutormax.validate.mapping import MISFITS
from tutormax.validate.tables import TableContract
from tutormax.warehouse import quote

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.data_context.data_context.ephemeral_data_context import (
        EphemeralDataContext,
    )
    from great_expectations.datasource.fluent.interfaces import Batch

SPARK = ("pyspark", "pyspark.sql.connect")


class Asker:
    """Great Expectations without a project, telemetry or progress bars."""

    def __init__(self, engine: Engine) -> None:
        # The import takes seconds, and only `validate` needs it.
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        _silence()
        with _without_spark():
            import great_expectations as gx  # noqa: PLC0415
        from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

        self._engine = engine
        self._context: EphemeralDataContext = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = ProgressBarsConfig(
            globally=False, metric_calculations=False
        )

    def of_rows(self, table: TableContract, checks: Sequence[Check]) -> list[Result]:
        """Run checks of the table's rows, batch by batch."""
        broken = [0] * len(checks)
        for batch in self._engine.batches(self._context, table, checks):
            for number, answer in enumerate(self._ask(batch, checks)):
                # Without rows it returns no result.
                broken[number] += int(answer.result["unexpected_count"] or 0)
        return [
            Result(
                check, not count, MISFITS.format(value=count), self._keys(check) if count else ()
            )
            for check, count in zip(checks, broken, strict=True)
        ]

    def of_frame(self, frame: pd.DataFrame, checks: Sequence[Check]) -> list[Result]:
        """Run checks of one frame."""
        answers = self._ask(frame_batch(self._context, frame), checks)
        return [
            Result(
                check,
                bool(answer.success),
                check.observed or _columns_seen(answer),
                () if answer.success else self._keys(check),
            )
            for check, answer in zip(checks, answers, strict=True)
        ]

    def _ask(self, batch: Batch, checks: Sequence[Check]) -> list[ExpectationValidationResult]:
        import great_expectations as gx  # noqa: PLC0415
        from great_expectations.expectations.expectation_configuration import (  # noqa: PLC0415
            ExpectationConfiguration,
        )

        suite = gx.ExpectationSuite(name=checks[0].table.label)
        for number, check in enumerate(checks):
            suite.add_expectation_configuration(
                ExpectationConfiguration(
                    type=check.expectation, kwargs=dict(check.arguments), meta={"number": number}
                )
            )
        given = batch.validate(
            suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}
        )
        answers: dict[int, Any] = {}
        for answer in given.results:
            assert answer.expectation_config is not None
            number = answer.expectation_config.meta["number"]
            if not answer.result:
                raise UserError(
                    f"Great Expectations cannot judge {checks[number].name}: "
                    f"{_reason(answer.exception_info)}"
                )
            answers[number] = answer
        return [answers[number] for number in range(len(checks))]

    def _keys(self, check: Check) -> tuple[str, ...]:
        """Keys of a few rows that break a check; none if the key is hidden."""
        table = check.table
        if check.broken is None or not table.key:
            return ()
        if any(table.columns[column].is_hidden for column in table.key):
            return ()
        names = ", ".join(map(quote, table.key))
        rows = self._engine.query(
            f"select distinct {names} from {table.sql} as children where {check.broken} "
            f"order by {names} limit {SAMPLE}"
        )
        return tuple("/".join(map(str, row)) for row in rows)


@contextmanager
def _without_spark() -> Iterator[None]:
    """Hide an installed PySpark: importing it is slow and may end the process."""
    hidden = {name: sys.modules.get(name) for name in SPARK}
    sys.modules.update(dict.fromkeys(SPARK))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name, module in hidden.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


def _silence() -> None:
    """Silence the logs and warnings of Great Expectations."""
    warnings.filterwarnings("ignore", module="great_expectations")
    logger = logging.getLogger("great_expectations")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())


def _columns_seen(answer: ExpectationValidationResult) -> str:
    """What is wrong with the columns of a table."""
    details = answer.result.get("details")
    if not details:
        return "all are there"
    return "; ".join(
        f"{kind}: {', '.join(map(str, names))}"
        for kind, names in sorted(details["mismatched"].items())
    )


def _reason(info: Any) -> str:
    """The message of the first exception, which may be nested below names of metrics."""
    if isinstance(info, dict):
        if "exception_message" in info:
            return " ".join(str(info["exception_message"]).split())
        for inner in info.values():
            return _reason(inner)
    return "it gave no reason."
