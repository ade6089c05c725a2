{#-
    The number of the last build that this model completed; -1 if it must take everything anew. It is
    recorded in the transaction that changes the model's table, so that it can be trusted after a crash.
    Unit tests and a model's first build know no earlier build.

    `of` names another model, a published source table.

    Everything is new to a published source table as well after tutors or students have lost rows: a
    cascade may have taken rows along whose verdict stands, or stands again.

    It is asked for once a run, when a model is rendered, so that the planner sees a number and not a question.
    What it tells cannot change until the model's transaction ends but by a newer build, which stops this one.
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
    {%- set builds = last_builds() -%}
    {%- set last_full = builds.full -%}
    {%- if of or recompute_unit().changed_in is string -%}
        {%- set last_full = [last_full, run_query(
            'select coalesce(max(build_number), 0) from ' ~ runs_relation()
            ~ " where model in ('tutors', 'students') and rows_deleted > 0"
        ).rows[0][0] | int] | max -%}
    {%- endif -%}
    {%- set last_build = builds.models.get(of or model.alias, -1) -%}
    {%- do known.update({(of or model.alias): -1 if last_build < last_full else last_build}) -%}
    {{ return(known[of or model.alias]) }}
{%- endmacro %}

{#- The build that each model completed last, and the last full one, as this run found them. -#}
{% macro last_builds() -%}
    {%- set found = kept_for_the_run('last_builds') -%}
    {%- if not found -%}
        {%- set models = {} -%}
        {%- for row in run_query(
            'select model, max(build_number) from ' ~ runs_relation() ~ ' where build_number is not null group by model'
        ).rows -%}
            {%- do models.update({row[0]: row[1] | int}) -%}
        {%- endfor -%}
        {%- set full = run_query('select coalesce(max(build_number), 0) from ' ~ plan_relation() ~ ' where is_full') -%}
        {%- do found.update({'models': models, 'full': full.rows[0][0] | int}) -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{#- A mapping that all models of a run share, for what is asked of the warehouse once. -#}
{% macro kept_for_the_run(name) -%}
    {{ return(graph.setdefault(invocation_id, {}).setdefault(name, {})) }}
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


