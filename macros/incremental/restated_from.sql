{#-
    The first UTC day that can differ from what this model last built, as a date in SQL: the earliest day
    that a model it reads has changed since, or by which the clock moved, or the var restate_from.
-#}
{% macro restated_from() -%}
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

{#-
    True for the days that this build restates. A calculation or prediction date is restated if a day
    before it is; `reach` takes in as many days before, for frames that look back and outcomes ahead.
-#}
{% macro is_restated(column, reach=0) -%}
    {%- if is_unit_test() or not is_incremental() -%}
        true
    {%- else -%}
        {%- set first_day = add_days(restated_from(), -reach) if reach else restated_from() -%}
        {%- set bound = utc_midnight(first_day) if column.endswith('_date') else first_day -%}
        {{ column }} {{ '>' if sees_only_before(column) else '>=' }} {{ bound }}
    {%- endif -%}
{%- endmacro %}

{#- Calculation and prediction dates see the days before them, and not the day that they begin. -#}
{% macro sees_only_before(column) -%}
    {{ return(modules.re.search('(calculation|prediction)_(day|date)$', column) is not none) }}
{%- endmacro %}

{#- The same for an instant, in a form that an index on it serves. -#}
{% macro happened_since_restated(instant, reach=0) -%}
    {%- if is_unit_test() or not is_incremental() -%}
        true
    {%- else -%}
        {{ instant }} >= {{ utc_midnight(restated_from()) }} - interval '{{ reach }} days'
    {%- endif -%}
{%- endmacro %}
