{% macro is_named_in(key, relation) -%}
    {%- if is_everything_recomputed() -%}
        true
    {%- else -%}
        {{ key }} in (select {{ key }} from {{ relation }})
    {%- endif -%}
{%- endmacro %}
