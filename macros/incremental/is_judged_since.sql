{#- True for the keys of a staging model of which a row was judged otherwise since the last build. -#}
{% macro is_judged_since(staging) -%}
    {%- set last_build = since_last_build() -%}
    {%- if last_build == -1 -%}
        true
    {%- else -%}
        record_key in (select record_key from {{ staging }} where built_in > {{ last_build }})
    {%- endif -%}
{%- endmacro %}
