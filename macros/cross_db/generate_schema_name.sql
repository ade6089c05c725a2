{#-
    The schema of a model is the one that dbt_project.yml names. TUTORMAX_SCHEMA_PREFIX gives a
    developer a copy of all but raw.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ env_var('TUTORMAX_SCHEMA_PREFIX', '') }}{{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
