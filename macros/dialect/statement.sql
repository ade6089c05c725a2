{#- dbt's own, with the settings of the session before each statement. -#}
{% macro statement(name=none, fetch_result=false, auto_begin=true, language='sql') -%}
    {%- if execute -%}
        {%- set sql = caller() -%}
        {%- call dbt.statement(name, fetch_result, auto_begin, language) -%}
            {{ session_settings() ~ sql }}
        {%- endcall -%}
    {%- endif -%}
{%- endmacro %}

{% macro get_show_sql(compiled_code, sql_header, limit) -%}
    {{ session_settings() ~ dbt.get_show_sql(compiled_code, sql_header, limit) }}
{%- endmacro %}
