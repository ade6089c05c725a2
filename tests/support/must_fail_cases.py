"""For every data test of dbt: how to spoil the data so that it must fail.

Statements run, each alone, on copies of the relations that the test reads, without constraints. A
copy has the name of the model, or of the source and its table, as in raw_tutors. Cases of generic
tests follow from their arguments; an entry in SPOILINGS comes first. A new singular test needs one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tutormax.constraints import constraints_of

SPOILINGS: dict[str, list[str]] = {
    "assert_bounds_do_not_overlap": [
        "update performance_tier_thresholds set green_bound = red_bound - 1"
        " where better = 'higher'",
        "update performance_tier_thresholds set green_bound = red_bound + 1 where better = 'lower'",
    ],
    "assert_churn_features_are_explained": [
        "delete from churn_features where feature = 'tenure_days'",
        "update churn_features set factor_group = 'charm' where feature = 'tenure_days'",
        "insert into churn_features (feature, factor_group) values ('charm', 'tenure_risk')",
    ],
    "assert_churn_models_are_whole": [
        "update churn_model_coefficients set feature = 'charm' where feature = 'tenure_days'",
        "update churn_model_coefficients set interval_end = 91 where interval_end = 90",
        "update churn_model_coefficients set interval_start = 2 where interval_start = 1",
        "delete from churn_model_coefficients where feature = 'intercept' and interval_start = 7",
        "update churn_model_coefficients set knot = knot + 1"
        " where feature = 'tenure_days' and interval_start = 7",
        "insert into churn_model_coefficients select model_version, interval_start, interval_end,"
        " feature, knot + 1e6 * n, coefficient from churn_model_coefficients,"
        " (values (1), (2), (3), (4), (5)) as more (n)"
        " where feature = 'tenure_days' and knot is not null",
    ],
    "assert_churn_probabilities_never_fall": [
        "update churn_predictions set window_1day_probability = window_7day_probability + 1e-9",
        "update churn_predictions set window_7day_probability = window_30day_probability + 1e-9",
        "update churn_predictions set window_30day_probability = window_90day_probability + 1e-9",
    ],
    "assert_closed_periods_end_after_they_begin": [
        "insert into closed_periods values ('2026-01-02', '2026-01-01', 'Backwards')"
    ],
    "assert_contributing_factors_sum_to_one": [
        "update churn_predictions set contributing_factors = '[]'",
        "update churn_predictions set contributing_factors = '{\"tenure_risk\": 0.9}'",
        "update churn_predictions set contributing_factors = '{\"tenure_risk\": 1.1}'",
        "update churn_predictions set contributing_factors = '{\"charm\": 1}'",
    ],
    "assert_effectiveness_counts_add_up": [
        "update intervention_effectiveness set on_time = completed + 1",
    ],
    "assert_every_window_of_a_date": [
        "delete from tutor_performance_metrics"
        " where metric_id = (select min(metric_id) from tutor_performance_metrics)",
        "insert into tutor_performance_metrics select * from tutor_performance_metrics limit 1",
    ],
    "assert_feature_bins_tile": [
        "update churn_feature_distributions set bin = bin + 1 where bin = 2",
        "update churn_feature_distributions set lower = lower - 1e-9 where bin = 2",
        "update churn_feature_distributions set upper = 1e9 where upper is null and bin > 0",
        "update churn_feature_distributions set lower = 0 where bin = 1",
        "update churn_feature_distributions set share = share + 1e-6 where bin = 0",
    ],
    "assert_intervention_conditions_are_known": [
        "update intervention_rule_conditions set metric = 'avg_ratting'"
        " where rule = 'low_engagement'",
        "update intervention_rule_conditions set operator = '~' where rule = 'low_engagement'",
    ],
    "assert_intervention_rules_can_fire": [
        "update intervention_rules set conditions_needed = 2 where rule = 'low_engagement'",
        "delete from intervention_rule_conditions where rule = 'low_engagement'",
    ],
    "assert_metrics_agree_with_sessions": [
        "update tutor_performance_metrics set sessions_completed = sessions_completed + 1",
        "update tutor_performance_metrics set no_show_count = no_show_count + 1",
        # All rows of a tutor who has sessions.
        "delete from tutor_performance_metrics where tutor_id = ("
        "select tutor_id from sessions order by scheduled_start desc limit 1)",
    ],
    "assert_open_interventions_are_not_recommended": [
        "insert into interventions"
        " (intervention_id, tutor_id, intervention_type, recommended_date, status)"
        " select 'spoiled', tutor_id, intervention_type, timestamp '2020-01-01 00:00:00', 'pending'"
        " from intervention_recommendations limit 1",
    ],
    "assert_risk_bands_tile": [
        "update churn_risk_bands set risk_level = 'None' where risk_level = 'Low'",
        "delete from churn_risk_bands where risk_level = 'Critical'",
        "update churn_risk_bands set probability_to = probability_from where risk_level = 'High'",
        "update churn_risk_bands set probability_to = probability_to + 1e-9"
        " where risk_level = 'Medium'",
        "update churn_risk_bands set probability_to = 0.99 where risk_level = 'Critical'",
        "update churn_risk_bands set probability_from = 0.000001 where risk_level = 'Low'",
        "update churn_risk_bands set score_from = 49 where risk_level = 'High'",
        "update churn_risk_bands set score_to = 76 where risk_level = 'High'",
    ],
    "assert_thresholds_are_of_tier_metrics": [
        "delete from performance_tier_thresholds where metric = 'avg_rating'",
        "insert into performance_tier_thresholds (metric) values ('charm')",
    ],
    "assert_tiers_cover_all_counts": [
        "delete from performance_tiers where performance_tier = 'Developing'",
        "update performance_tiers set max_red = 0 where performance_tier = 'Needs Attention';"
        "update performance_tiers set max_red = 5 where performance_tier = 'At Risk'",
    ],
}
"""Statements by the name of a singular test, or of any other test that needs its own."""


@dataclass(frozen=True)
class GenericTest:
    """A generic test and the copy that it looks at."""

    table: str
    columns: dict[str, str]
    """The types of the copy's columns by name."""
    arguments: dict[str, Any]
    node: Mapping[str, Any]
    """The model or seed that it is of."""

    @property
    def column(self) -> str:
        """The column that the test is of."""
        return str(self.arguments["column_name"]).strip('"')

    def with_value(self, value: str, column: str | None = None) -> str:
        """One row more: nothing is known of it but this value."""
        return f'insert into "{self.table}" ("{column or self.column}") values ({value})'

    def foreign(self) -> str:
        """A value that no row has."""
        return "'no such value'" if self.columns[self.column] == "VARCHAR" else "-987654321"


def not_null(test: GenericTest) -> list[str]:
    return [test.with_value("null")]


def unique(test: GenericTest) -> list[str]:
    return [
        f'insert into "{test.table}" select * from "{test.table}"'
        f' where "{test.column}" is not null limit 1'
    ]


def unique_together(test: GenericTest) -> list[str]:
    return [f'insert into "{test.table}" select * from "{test.table}" limit 1']


def foreign_value(test: GenericTest) -> list[str]:
    return [test.with_value(test.foreign())]


def in_range(test: GenericTest) -> list[str]:
    """Beyond each of the bounds that are given."""
    low, high = test.arguments.get("min_value"), test.arguments.get("max_value")
    beyond = []
    if low is not None:
        beyond.append(f"({low}) - abs({low}) - 1")
    if high is not None:
        beyond.append(f"({high}) + abs({high}) + 1")
    return [test.with_value(value) for value in beyond]


def row_more(test: GenericTest) -> list[str]:
    return [test.with_value("null", next(iter(test.columns)))]


def constraints_hold(test: GenericTest) -> list[str]:
    return list(breaking_statements(test.node, f'"{test.table}"').values())


def breaking_statements(model: Mapping[str, Any], table: str) -> dict[str, str]:
    """For each constraint of a model, by its name in the test: a statement that breaks it."""
    return {
        constraint.get("name") or f"{constraint['type']} {', '.join(constraint['columns'])}": (
            _breaking_statement(model, constraint, table)
        )
        for constraint in constraints_of(model)
    }


def _breaking_statement(model: Mapping[str, Any], constraint: Mapping[str, Any], table: str) -> str:
    if constraint["type"] == "primary_key":  # also of a table with one row
        return f"insert into {table} select * from {table} limit 1"
    values = (
        f'"{column}" = {_breaking_value(model, constraint, column, table)}'
        for column in constraint["columns"]
    )
    return f"update {table} set {', '.join(values)}"


def _breaking_value(
    model: Mapping[str, Any], constraint: Mapping[str, Any], column: str, table: str
) -> str:
    if constraint["type"] == "not_null":
        return "null"
    if constraint["type"] == "unique":
        return f'(select min("{column}") from {table})'
    is_text = model["columns"][column]["data_type"].startswith(("varchar", "text"))
    return "'no such value'" if is_text else "-987654321"


DERIVED: dict[str, Callable[[GenericTest], list[str]]] = {
    "not_null": not_null,
    "unique": unique,
    "unique_together": unique_together,
    "accepted_values": foreign_value,
    "relationships": foreign_value,
    "in_range": in_range,
    "constraints_hold": constraints_hold,
    "row_count_is": row_more,
    "same_row_count": row_more,
    "rows_conserved": row_more,
}
"""How to spoil data for a generic test, by its name."""
