{#-
    Whether a build takes up from the one before. On Spark, whose tables are bare Parquet here, each build works
    everything out, and rewrites the parts of published tables that come out different.
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
