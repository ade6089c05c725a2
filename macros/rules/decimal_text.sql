{% macro decimal_text(number, decimals) -%}
    {%- set digits -%}
        cast(
            cast(floor(abs({{ number }}) * power(10, {{ decimals }}) + 0.5) as bigint)
            as {{ dbt.type_string() }}
        )
    {%- endset -%}
    {%- set padded -%}
        lpad({{ digits }}, cast(greatest(length({{ digits }}), {{ decimals }} + 1) as integer), '0')
    {%- endset -%}
    case
        when {{ number }} < 0 and floor(abs({{ number }}) * power(10, {{ decimals }}) + 0.5) > 0 then '-'
        else ''
    end
    || left({{ padded }}, length({{ padded }}) - {{ decimals }})
    || case when {{ decimals }} > 0 then '.' || right({{ padded }}, {{ decimals }}) else '' end
{%- endmacro %}
