{% macro is_dated_ahead(instant, loaded_at) -%}
    coalesce({{ instant }} > {{ loaded_at }} + interval '24 hours', false)
{%- endmacro %}
