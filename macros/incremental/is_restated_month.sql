{#-
    True for what lies in the months of predictions that this build restates: those with a day that is
    restated, `reach` days before included, and those from which predictions have gone because they are not
    kept any more, or have come back because the clock was put back.
-#}
{% macro is_restated_month(column, reach=0) -%}
    {%- if is_unit_test() or not is_incremental() or since_last_build() == -1 -%}
        true
    {%- else -%}
        {%- set first_day = month_of(add_days(restated_from(), -reach)) -%}
        {%- set kept_until = month_of(last_let_go()) ~ " + interval '1 month'" -%}
        (
            {{ column }} >= {{ utc_midnight(first_day) if column.endswith('_date') else first_day }}
            or {{ column }} < {{ utc_midnight(kept_until) if column.endswith('_date') else kept_until }}
        )
    {%- endif -%}
{%- endmacro %}

{#- The first day of a month, as a date. -#}
{% macro month_of(day) -%}
    cast({{ dbt.date_trunc('month', 'cast(' ~ day ~ ' as timestamp)') }} as date)
{%- endmacro %}

{#-
    The last day before which predictions have been let go since those that this model last read were made,
    as a date in SQL: by the clock of that build or a later one, whichever was furthest.
-#}
{% macro last_let_go() -%}
    {%- set clocks = "from " ~ runs_relation() ~ " where model = 'int_activity__clock_bounded'" -%}
    {%- set furthest -%}
        select cast(coalesce({{ kept_from('max(as_of_date)') }}, date '0001-01-01') as varchar(10)) as let_go
        {{ clocks }} and build_number >= (
            select max(build_number)
            {{ clocks }} and build_number <= (
                select max(build_number)
                from {{ runs_relation() }}
                where model = 'churn_predictions' and build_number <= {{ since_last_build() }}
            )
        )
    {%- endset -%}
    {{ return("date '" ~ run_query(furthest).rows[0][0] ~ "'") }}
{%- endmacro %}
