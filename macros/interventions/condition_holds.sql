{#- The operators that conditions of intervention rules can use: for numbers, and for names. -#}
{% macro number_operators() -%}
    {{ return(['<', '<=', '>', '>=', '=', 'between']) }}
{%- endmacro %}

{% macro name_operators() -%}
    {{ return(['in', 'not in']) }}
{%- endmacro %}

{#- True if a condition holds for a metric's value; the texts of a condition are parted by `|`. -#}
{% macro condition_holds(conditions, metrics) -%}
    {%- set is_among -%}
        position(
            '|' || {{ metrics }}.text_value || '|' in '|' || {{ conditions }}.texts || '|'
        ) > 0
    {%- endset -%}
    case {{ conditions }}.operator
        {%- for operator in number_operators() if operator != 'between' %}
        when '{{ operator }}' then {{ metrics }}.number_value {{ operator }} {{ conditions }}.value
        {%- endfor %}
        when 'between'
            then {{ metrics }}.number_value between {{ conditions }}.value and {{ conditions }}.value_to
        when 'in' then {{ is_among }}
        when 'not in' then not {{ is_among }}
        else false
    end
{%- endmacro %}
