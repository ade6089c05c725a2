{% macro number_operators() -%}
    {{ return(['<', '<=', '>', '>=', '=', 'between']) }}
{%- endmacro %}

{% macro name_operators() -%}
    {{ return(['in', 'not in']) }}
{%- endmacro %}

{% macro condition_bound(place) -%}
    case
        when operator in ('{{ number_operators() | join("', '") }}')
            then cast(nullif({{ dbt.split_part('value', "'|'", place) }}, '') as {{ type_double() }})
    end
{%- endmacro %}

{% macro condition_holds(conditions, metrics) -%}
    {%- set is_among -%}
        position('|' || {{ metrics }}.text_value || '|' in '|' || {{ conditions }}.value || '|') > 0
    {%- endset -%}
    case {{ conditions }}.operator
        {%- for operator in number_operators() if operator != 'between' %}
        when '{{ operator }}' then {{ metrics }}.number_value {{ operator }} {{ conditions }}.bound
        {%- endfor %}
        when 'between'
            then {{ metrics }}.number_value between {{ conditions }}.bound and {{ conditions }}.bound_to
        {%- for operator in name_operators() %}
        when '{{ operator }}' then {{ 'not' if operator == 'not in' }} {{ is_among }}
        {%- endfor %}
        else false
    end
{%- endmacro %}
