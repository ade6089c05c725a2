{#- Names a tutor's calculation date in the views that metrics are made of. -#}
{% macro tutor_day_id(tutor_id, day) -%}
    {{ tutor_id }} || ' ' || cast({{ day }} as {{ dbt.type_string() }})
{%- endmacro %}
