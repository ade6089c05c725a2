{#-
    The indexes that a model's meta names, under those very names: {name: {columns: [...], unique: true}}.
    dbt would choose names of its own. Only PostgreSQL profits from them.
-#}
{% macro keep_indexes() -%}
    {{ return(adapter.dispatch('keep_indexes', 'tutormax')()) }}
{%- endmacro %}

{% macro default__keep_indexes() -%}
{%- endmacro %}

{% macro postgres__keep_indexes() -%}
    {%- for name, index in model.config.meta.get('named_indexes', {}).items() %}
    create {{ 'unique ' if index.unique }}index if not exists {{ name }}
    on {{ this }} ({{ quoted_list(index.columns) }});
    {%- endfor %}
{%- endmacro %}
