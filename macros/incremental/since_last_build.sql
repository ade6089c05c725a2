{#-
    The number of the last build that this model completed; -1 if it must take everything anew. It is
    recorded in the transaction that changes the model's table, so that it can be trusted after a crash.
    Unit tests and a model's first build know no earlier build.

    `of` names another model, a published source table.

    Everything is new to a published source table as well after tutors or students have lost rows: a
    cascade may have taken rows along whose verdict stands, or stands again.

    It is asked for once, when a model is rendered, so that the planner sees a number and not a question. What
    it tells cannot change until the model's transaction ends but by a newer build, which stops this one.
-#}
{% macro since_last_build(of=none) -%}
    {%- if is_unit_test() or not execute or not (of or is_incremental()) or not remembers_builds()
        or load_relation(runs_relation()) is none or load_relation(plan_relation()) is none -%}
        {{ return(-1) }}
    {%- endif -%}
    {%- set known = model.setdefault('known_builds', {}) -%}
    {%- if (of or model.alias) in known -%}
        {{ return(known[of or model.alias]) }}
    {%- endif -%}
    {%- set builds -%}
        select
            (
                select coalesce(max(build_number), -1)
                from {{ runs_relation() }}
                where model = '{{ of or model.alias }}'
            ) as last_build,
            greatest(
                (select coalesce(max(build_number), 0) from {{ plan_relation() }} where is_full)
                {%- if of or model.config.get('meta', {}).get('staged_in') -%}
                ,
                (
                    select max(build_number)
                    from {{ runs_relation() }}
                    where model in ('tutors', 'students') and rows_deleted > 0
                )
                {%- endif %}
            ) as last_full
    {%- endset -%}
    {%- set build = run_query(builds).rows[0] -%}
    {%- do known.update({(of or model.alias): -1 if build[0] < build[1] else build[0] | int}) -%}
    {{ return(known[of or model.alias]) }}
{%- endmacro %}

{% macro is_unit_test() -%}
    {{ return(model.resource_type == 'unit_test') }}
{%- endmacro %}

{#- The number of the build that runs, as SQL. -#}
{% macro this_build() -%}
    {%- if is_unit_test() -%}
        0
    {%- else -%}
        (select max(build_number) from {{ plan_relation() }} where run_id = '{{ invocation_id }}')
    {%- endif -%}
{%- endmacro %}


