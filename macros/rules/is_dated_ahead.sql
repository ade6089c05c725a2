{% macro is_dated_ahead(instant, loaded_at) -%}
    coalesce({{ instant }} > {{ loaded_at }} + interval '24 hours' and {{ loaded_at }} <> {{ unknown_arrival() }}, false)
{%- endmacro %}
