{#- The first prediction date that is kept: `prediction_years` before the last calculation date. -#}
{% macro kept_from(as_of_date) -%}
    cast({{ as_of_date }} - interval '{{ var('prediction_years') }} years' as date)
{%- endmacro %}

{#-
    The day before which predictions were not kept in this build, or in one since those that this model last read
    were made, as a date in SQL: they go, or come back if the clock was put back.
-#}
{% macro last_expired() -%}
    {%- set known = kept_for_the_run('last_expired') -%}
    {%- set last_build = since_last_build() -%}
    {%- if last_build not in known -%}
        {%- do known.update({last_build: furthest_expired(last_build)}) -%}
    {%- endif -%}
    {{ return(known[last_build]) }}
{%- endmacro %}

{% macro furthest_expired(last_build) -%}
    {%- set furthest -%}
        select cast(coalesce({{ kept_from('max(as_of_date)') }}, date '0001-01-01') as varchar(10)) as last_expired
        {%- if remembers_builds() %}
        {%- set clocks = 'from ' ~ runs_relation() ~ " where model = 'int_activity__clock_bounded'" %}
        {{ clocks }} and build_number >= (
            select max(build_number)
            {{ clocks }} and build_number <= (
                select max(build_number)
                from {{ runs_relation() }}
                where model = 'churn_predictions' and build_number <= {{ last_build }}
            )
        )
        {%- else %}
        from {{ ref('int_activity__clock_bounded') }}
        {%- endif %}
    {%- endset -%}
    {{ return("date '" ~ run_query(furthest).rows[0][0] ~ "'") }}
{%- endmacro %}
