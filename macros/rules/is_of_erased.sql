{% macro is_of_erased(columns) -%}
    {%- set tombstones = tombstones_relation() -%}
    {%- for column in columns -%}
    {{ 'or ' if not loop.first -}}
    md5(
        (select max(tombstones.secret) from {{ tombstones }} as tombstones)
        || '{{ column }}:' || {{ lower_ascii(column) if column == 'email' else column }}
    ) in (select tombstones.hash from {{ tombstones }} as tombstones)
    {% endfor -%}
{%- endmacro %}

{% macro tombstones_relation() -%}
    {{ return(graph.sources['source.tutormax.erased.tombstones'].relation_name) }}
{%- endmacro %}

{% macro warehouse_secret() -%}
    {%- if is_unit_test() or not execute -%}
        'secret'
    {%- else -%}
        (select max(tombstones.secret) from {{ tombstones_relation() }} as tombstones)
    {%- endif -%}
{%- endmacro %}
