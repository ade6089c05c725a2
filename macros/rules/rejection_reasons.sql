{% macro rejection_reasons(taken) -%}
    case verdict
        when 'superseded' then {{ text_array(['superseded']) }}
        {%- if taken is not none %}
        when 'taken' then {{ text_array([taken]) }}
        {%- endif %}
        else rule_violations
    end
{%- endmacro %}
