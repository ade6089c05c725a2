{% macro tutor_day_id(tutor_id, day) -%}
    {{ tutor_id }} || ' ' || cast({{ day }} as {{ dbt.type_string() }})
{%- endmacro %}
