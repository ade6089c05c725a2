{% macro days_from(earlier, later) -%}
    {{ return(adapter.dispatch('days_from', 'tutormax')(earlier, later)) }}
{%- endmacro %}

{% macro default__days_from(earlier, later) -%}
    ({{ later }} - {{ earlier }})
{%- endmacro %}

{% macro spark__days_from(earlier, later) -%}
    datediff({{ later }}, {{ earlier }})
{%- endmacro %}
