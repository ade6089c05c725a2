{% macro session_settings() -%}
    {{ return(adapter.dispatch('session_settings', 'tutormax')()) }}
{%- endmacro %}

{% macro default__session_settings() -%}
    {{ return('') }}
{%- endmacro %}

{#-
    For one transaction, before each of its statements: behind a pooler the next transaction may be on another
    connection to the server, and start-up parameters do not pass.
-#}
{% macro postgres__session_settings() -%}
    {%- set settings = [] -%}
    {%- if flags.WHICH in ('build', 'run', 'seed', 'run-operation') -%}
        {%- do settings.append('set transaction isolation level read committed, read write;') -%}
    {%- endif -%}
    {%- for name, value in var('postgres_settings').items() -%}
        {%- do settings.append('set local ' ~ name ~ " = '" ~ value ~ "';") -%}
    {%- endfor -%}
    {{ return(settings | join(' ') ~ '\n') }}
{%- endmacro %}
