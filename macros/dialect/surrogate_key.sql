{% macro surrogate_key(expressions) -%}
    md5(
        {%- for expression in expressions %}
        coalesce(cast({{ expression }} as {{ dbt.type_string() }}), '~null~')
        {{ "|| '|' ||" if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
