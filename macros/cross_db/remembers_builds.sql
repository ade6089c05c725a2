{#-
    Whether a build can trust what the one before recorded, and so take up from there. That needs the record to be
    written in the transaction that changes a table. Spark has none: each of its builds works everything out, and
    rewrites the parts of published tables that come out different.
-#}
{% macro remembers_builds() -%}
    {{ return(adapter.dispatch('remembers_builds', 'tutormax')()) }}
{%- endmacro %}

{% macro default__remembers_builds() -%}
    {{ return(true) }}
{%- endmacro %}

{% macro spark__remembers_builds() -%}
    {{ return(false) }}
{%- endmacro %}
