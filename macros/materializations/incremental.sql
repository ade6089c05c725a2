{#-
    dbt's own `incremental`, except that some tables stay as they are: if nothing that the model reads has changed since
    the previous build, and that one was complete; and in a run that reads only some rows or none (`--sample`,
    `--empty`), any table that exists.
-#}
{% materialization incremental, adapter='duckdb', supported_languages=['sql'] %}
    {%- do renew_constraints() -%}
    {{ return(left_as_it_is() if is_unchanged() else dbt.materialization_incremental_duckdb()) }}
{% endmaterialization %}

{% materialization incremental, adapter='postgres', supported_languages=['sql'] %}
    {%- do renew_constraints() -%}
    {{ return(left_as_it_is() if is_unchanged() else dbt.materialization_incremental_default()) }}
{% endmaterialization %}

{% macro is_unchanged() -%}
    {%- set unit = recompute_unit() -%}
    {%- if reads_some_rows() -%}
        {{ return(load_cached_relation(this) is not none) }}
    {%- endif -%}
    {%- if since_build() == -1 or since_build() != this_build() - 1
        or (unit.by in ('day', 'month') and changes().first_day != "date '9999-12-31'") -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set changed = [] -%}
    {%- for parent in model.depends_on.nodes
        if parent not in kept_for_the_run('unchanged') and not is_unchanged_input(parent) -%}
        {%- do changed.append(parent) -%}
    {%- endfor -%}
    {{ return(not changed) }}
{%- endmacro %}

{% macro is_unchanged_input(unique_id) -%}
    {%- set source = graph.sources.get(unique_id, {}) -%}
    {{ return(
        unique_id in graph.nodes and graph.nodes[unique_id].resource_type == 'seed'
        or source.source_name == 'archive'
        or source.source_name == 'raw' and not this_run().arrived.get(source.name, true)
    ) }}
{%- endmacro %}

{% macro left_as_it_is() -%}
    {%- for hook in pre_hooks -%}
        {%- do render(hook.get('sql')) -%}
    {%- endfor -%}
    {%- do keep_changes(0, 0, 0) -%}
    {%- do persist_docs(this, model) -%}
    {%- call noop_statement('main', 'unchanged') -%}{%- endcall -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{%- endmacro %}
