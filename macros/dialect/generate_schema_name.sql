{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ schema_prefix() }}{{ (custom_schema_name or 'tutormax') | trim }}
{%- endmacro %}

{#- models/staging/_builds.yml and models/core/_tutormax__runs.yml, which no macro reaches, say the same. -#}
{% macro schema_prefix() -%}
    {%- set prefix = env_var('TUTORMAX_SCHEMA_PREFIX', '' if target.schema == 'tutormax' else target.schema ~ '_') -%}
    {%- if prefix and not modules.re.match('[A-Za-z_][A-Za-z0-9_]{0,40}\\Z', prefix) -%}
        {{ exceptions.raise_compiler_error(
            "The prefix of the schemas is '" ~ prefix ~ "', which is not an identifier: give TUTORMAX_SCHEMA_PREFIX, or the"
            ~ " schema of the profile, at most 40 letters (a-z), digits and _."
        ) }}
    {%- endif -%}
    {{ return(prefix) }}
{%- endmacro %}

{% macro analyst_schema() -%}
    {{ return(schema_prefix() ~ 'analyst') }}
{%- endmacro %}
