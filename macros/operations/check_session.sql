{% macro check_session() -%}
    {{ return(adapter.dispatch('check_session', 'tutormax')()) }}
{%- endmacro %}

{% macro default__check_session() -%}
{%- endmacro %}

{#- A statement is read before its own `set` takes effect, so this setting cannot be one of postgres_settings. -#}
{% macro postgres__check_session() -%}
    {%- if run_query("select 1 from pg_catalog.pg_settings where name = 'standard_conforming_strings'"
        ~ " and reset_val = 'off'").rows -%}
        {{ exceptions.raise_compiler_error(
            "The setting standard_conforming_strings is off for this login, so backslashes in strings would be read"
            ~ " as escapes. Run in the database: alter role current_user set standard_conforming_strings = on"
        ) }}
    {%- endif -%}
{%- endmacro %}
