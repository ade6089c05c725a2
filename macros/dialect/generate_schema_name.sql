{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ schema_prefix() }}{{ (custom_schema_name or 'tutormax') | trim }}
{%- endmacro %}

{#- models/staging/_builds.yml and models/core/_tutormax__runs.yml, which no macro reaches, say the same. -#}
{% macro schema_prefix() -%}
    {{ return(env_var('TUTORMAX_SCHEMA_PREFIX', '' if target.schema == 'tutormax' else target.schema ~ '_')) }}
{%- endmacro %}
