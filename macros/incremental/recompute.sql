{#-
    Which rows a build recomputes. A model's meta says it once, as `recompute`; the model reads it for what it
    selects, and the strategy `sync` for what it replaces:

    - {by: key, changed_in: <staging model>}: the keys of rows whose verdict has changed since the model's last
      build; of several sources, {by: key, changed_in: {<source_table>: <staging model>}};
    - {by: batch, column: <key>}: the keys that the model selects;
    - {by: day, column: <day>, lookback: <name>}: the days from the first one that changed on, and `lookback`
      days before it (see lookback_days); with expires: true also the days that are not kept any more;
    - {by: month, ...}: the months of those days;
    - {by: all}.

    check_recompute stops a build whose models say anything else.
-#}
{% macro is_recomputed(rows='', source_table=none) -%}
    {%- set unit = recompute_unit() -%}
    {%- if is_everything_recomputed() or unit.by == 'all' -%}
        true
    {%- elif unit.by == 'batch' -%}
        {{ rows }}{{ unit.column }} in (select {{ unit.column }} from {{ source_table }})
    {%- elif unit.by == 'key' and unit.changed_in is string -%}
        {{ rows }}{{ key_column() }} in ({{ changed_keys(unit.changed_in) }})
    {%- elif unit.by == 'key' -%}
        (
            {{ text_array_contains(rows ~ 'reasons', 'unreadable') }}
            {%- for source_name, staging in unit.changed_in.items() %}
            or (
                {{ rows }}source_table = '{{ source_name }}'
                and coalesce({{ rows }}record_key, '') in ({{ changed_keys(staging) }})
            )
            {%- endfor %}
        )
    {%- else -%}
        {%- set first_day = add_days(first_changed_day(), -lookback_days(unit.lookback)) -%}
        {%- set is_month = unit.by == 'month' -%}
        (
            {{ rows }}{{ unit.column }} >= {{ as_column(unit.column, month_of(first_day) if is_month else first_day) }}
            {%- if unit.expires %}
            or {{ rows }}{{ unit.column }}
                < {{ as_column(unit.column, month_after(last_expired()) if is_month else last_expired()) }}
            {%- endif %}
        )
    {%- endif -%}
{%- endmacro %}

{% macro recompute_unit() -%}
    {{ return((model.config.meta or {}).get('recompute', {})) }}
{%- endmacro %}

{% macro is_everything_recomputed() -%}
    {{ return(is_unit_test() or not is_incremental() or since_last_build() == -1) }}
{%- endmacro %}

{#- True for the keys of rows of a staging model whose verdict has changed since. -#}
{% macro is_recomputed_key(staging) -%}
    {{ 'true' if is_everything_recomputed() else 'record_key in (' ~ changed_keys(staging) ~ ')' }}
{%- endmacro %}

{% macro changed_keys(staging) -%}
    select record_key from {{ ref(staging) }} where built_in > {{ since_last_build() }}
{%- endmacro %}

{% macro key_column() -%}
    {%- set keys = config.get('unique_key') -%}
    {{ return(adapter.quote(keys if keys is string else keys[0])) }}
{%- endmacro %}

{#- How far back a fact changes what is dated before it: windows that look back, outcomes that lie ahead. -#}
{% macro lookback_days(name=none) -%}
    {{ return(lookbacks()[name or 'none']) }}
{%- endmacro %}

{% macro lookbacks() -%}
    {{ return({
        'none': 0,
        'longest_window': longest_window(),
        'churn_silence': var('churn_silence_days'),
        'churn_outcome': churn_reach()
    }) }}
{%- endmacro %}

{#- A day as the column that it is compared with: a date, or an instant if the contract says so. -#}
{% macro as_column(column, day) -%}
    {%- set declared = model.columns.get(column, {}).get('data_type') -%}
    {{ return(utc_midnight(day) if declared == 'timestamp with time zone' else day) }}
{%- endmacro %}

{#- For what a model reads: the days that this build recomputes, and so many before them. -#}
{% macro is_changed_day(day, lookback=0) -%}
    {%- if is_everything_recomputed() -%}
        true
    {%- else -%}
        {{ day }} >= {{ add_days(first_changed_day(), -lookback) }}
    {%- endif -%}
{%- endmacro %}

{#- The same for an instant, in a form that an index on it serves. -#}
{% macro is_changed_since(instant, lookback=0) -%}
    {%- if is_everything_recomputed() -%}
        true
    {%- else -%}
        {{ instant }} >= {{ utc_midnight(first_changed_day()) }} - interval '{{ lookback }} days'
    {%- endif -%}
{%- endmacro %}

{#- For what predictions read: also days whose predictions have expired before and may be kept again. -#}
{% macro is_changed_day_or_back(day) -%}
    {%- if is_everything_recomputed() -%}
        true
    {%- else -%}
        ({{ is_changed_day(day) }} or {{ day }} < {{ last_expired() }})
    {%- endif -%}
{%- endmacro %}

{#- For what models of months read of predictions, by their day. -#}
{% macro is_changed_month(day) -%}
    {%- if is_everything_recomputed() -%}
        true
    {%- else -%}
        {%- set first_day = add_days(first_changed_day(), -lookback_days(recompute_unit().lookback)) -%}
        ({{ day }} >= {{ month_of(first_day) }} or {{ day }} < {{ month_after(last_expired()) }})
    {%- endif -%}
{%- endmacro %}

{#- The first day of a month, as a date. -#}
{% macro month_of(day) -%}
    cast({{ dbt.date_trunc('month', 'cast(' ~ day ~ ' as timestamp)') }} as date)
{%- endmacro %}

{% macro month_after(day) -%}
    cast({{ month_of(day) }} + interval '1 month' as date)
{%- endmacro %}

{#-
    The first UTC day that can differ from what this model last built, as a date in SQL: the earliest day
    that a model it reads has changed since, or by which the clock moved, or the var restate_from.
-#}
{% macro first_changed_day() -%}
    {%- set last_build = since_last_build() -%}
    {%- if last_build == -1 -%}
        {{ return("date '0001-01-01'") }}
    {%- elif model.known_first_day -%}
        {{ return(model.known_first_day) }}
    {%- endif -%}
    {#- A tutor or student who goes takes sessions along, by a cascade that those do not record. -#}
    {%- set parents = ['tutors', 'students'] -%}
    {%- for node in model.depends_on.nodes -%}
        {%- do parents.append(node.split('.') | last) -%}
    {%- endfor -%}
    {%- set first_day -%}
        select cast(
            least(
                cast('{{ var('restate_from') or '9999-12-31' }}' as date),
                min(restated_from)
            ) as varchar(10)
        ) as first_day
        from {{ runs_relation() }}
        where
            build_number > {{ last_build }}
            and model in ('{{ parents | join("', '") }}')
    {%- endset -%}
    {%- do model.update({'known_first_day': "date '" ~ run_query(first_day).rows[0][0] ~ "'"}) -%}
    {{ return(model.known_first_day) }}
{%- endmacro %}
