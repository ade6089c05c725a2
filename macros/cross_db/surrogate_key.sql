{#- A key of 32 hexadecimal digits made from expressions; a null and an empty text differ. -#}
{% macro surrogate_key(expressions) -%}
    md5(
        {%- for expression in expressions %}
        coalesce(cast({{ expression }} as {{ dbt.type_string() }}), '~null~')
        {{ "|| '|' ||" if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
