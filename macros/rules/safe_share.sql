{#- part / whole in double precision; null if the whole is 0. -#}
{% macro safe_share(part, whole) -%}
    cast({{ part }} as {{ type_double() }}) / nullif(cast({{ whole }} as {{ type_double() }}), 0)
{%- endmacro %}
