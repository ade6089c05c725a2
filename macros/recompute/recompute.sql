{% macro is_recomputed(day=none, instant=none, lookback=0) -%}
    {%- set unit = recompute_unit() -%}
    {%- if not execute -%}
        {#- The models that log the changes must run before this one. -#}
        {%- do ref('core__pending_changes') -%}
        {%- if model.name in dated_sources() and dated_sources()[model.name].of -%}
            {%- do ref('stg_tutormax__' ~ dated_sources()[model.name].of) -%}
        {%- endif -%}
        {%- if day or instant -%}
            {%- do ref('int_activity__calculation_dates') -%}
        {%- endif -%}
    {%- elif is_everything_recomputed() -%}
        true
    {%- elif unit.by == 'key' -%}
        changed_in_build > {{ since_build() }}
    {%- else -%}
        {{ is_recomputed_day(
            instant or day or unit.column, lookback, is_instant(unit.column) if not (instant or day) else instant
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro is_replaced(source_table) -%}
    {%- set unit = recompute_unit() -%}
    {%- if unit.by == 'all' or is_everything_recomputed() -%}
        true
    {%- elif unit.by == 'batch' -%}
        target_rows.{{ unit.column }} in (select {{ unit.column }} from {{ source_table }})
    {%- elif unit.by == 'key' and unit.changed_in | length == 1 -%}
        {%- set key = config.get('unique_key') %}
        target_rows.{{ adapter.quote(key if key is string else key[0]) }} in ({{ changed_keys(unit.changed_in[0]) }})
    {%- elif unit.by == 'key' -%}
        (
            {#- Rows of raw.unreadable_rows; those of an erased person look like rows of staging without a key. -#}
            (target_rows.record_key is null and {{ text_array_contains('target_rows.reasons', 'erased') }})
            or {{ text_array_contains('target_rows.reasons', 'unreadable') }}
            {%- for table in unit.changed_in %}
            or (
                target_rows.source_table = '{{ table }}'
                and coalesce(target_rows.record_key, '') in ({{ changed_keys(table) }})
            )
            {%- endfor %}
        )
    {%- else -%}
        {{ is_recomputed_day('target_rows.' ~ unit.column, 0, is_instant(unit.column)) }}
    {%- endif -%}
{%- endmacro %}

{% macro is_recomputed_day(day, lookback, is_instant) -%}
    {%- set unit = recompute_unit() -%}
    {%- set reach = lookbacks()[unit.lookback or 'none'] -%}
    {%- set first_day = changes().first_day -%}
    {%- if reach.open_days is defined -%}
        {%- set first_day = day_before_open_days(first_day, reach.open_days) -%}
    {%- endif -%}
    {%- set first_day = add_days(first_day, -lookback - reach.days) -%}
    {%- set expired = changes().expired -%}
    {%- if unit.by == 'month' -%}
        {%- set first_day, expired = month_of(first_day), month_after(expired) -%}
    {%- endif -%}
    {%- set first, last = (utc_midnight(first_day), utc_midnight(expired)) if is_instant else (first_day, expired) -%}
    ({{ day }} >= {{ first }}{{ ' or ' ~ day ~ ' < ' ~ last if unit.expires }})
{%- endmacro %}

{% macro recompute_unit() -%}
    {{ return((model.config.meta or {}).get('recompute', {})) }}
{%- endmacro %}

{% macro is_everything_recomputed() -%}
    {%- if is_unit_test() or not execute or not is_incremental() or since_build() == -1 -%}
        {{ return(true) }}
    {%- endif -%}
    {{ return(recompute_unit().get('changed_in', []) | length == 1 and is_everything_published()) }}
{%- endmacro %}

{% macro changed_keys(table) -%}
    select record_key from {{ ref('stg_tutormax__' ~ table) }} where changed_in_build > {{ since_build() }}
{%- endmacro %}

{% macro lookbacks() -%}
    {{ return({
        'none': {'days': 0},
        'longest_window': {'days': longest_window()},
        'churn_inactivity': {'days': 0, 'open_days': var('churn_inactivity_days')},
        'churn_outcome': {'days': churn_intervals()[-1][1], 'open_days': var('churn_inactivity_days')}
    }) }}
{%- endmacro %}

{#- Queried when rendered, so that the planner sees a constant. -#}
{% macro day_before_open_days(day, open_days) -%}
    {%- set known = kept_for_the_run('day_before_open_days') -%}
    {%- if day not in known -%}
        {%- set calendar = own_relation('int_activity__open_days') -%}
        {%- do known.update({day: "date '" ~ run_query(
            'select cast(case when count(*) = 0 then ' ~ day ~ " else coalesce(max(earlier.calendar_day), date '0001-01-01')"
            ~ ' end as varchar(10)) from ' ~ calendar ~ ' as changed left join ' ~ calendar ~ ' as earlier'
            ~ ' on earlier.open_days_before <= changed.open_days_before - ' ~ open_days
            ~ ' where changed.calendar_day = ' ~ day
        ).rows[0][0] ~ "'"}) -%}
    {%- endif -%}
    {{ return(known[day]) }}
{%- endmacro %}

{% macro is_instant(column) -%}
    {{ return(model.columns.get(column, {}).get('data_type') == 'timestamp with time zone') }}
{%- endmacro %}

{% macro retention_start(as_of_date) -%}
    cast({{ as_of_date }} - interval '{{ var('prediction_retention_years') }} years' as date)
{%- endmacro %}

{% macro month_of(day) -%}
    cast({{ dbt.date_trunc('month', 'cast(' ~ day ~ ' as timestamp)') }} as date)
{%- endmacro %}

{% macro month_after(day) -%}
    cast({{ month_of(day) }} + interval '1 month' as date)
{%- endmacro %}
