{#- Why a settled row does not count, as an array of rule names: empty for one that does. -#}
{% macro verdict_reasons(taken) -%}
    case verdict
        when 'superseded' then {{ text_array(['superseded']) }}
        {%- if taken is not none %}
        when 'taken' then {{ text_array([taken]) }}
        {%- endif %}
        else rule_violations
    end
{%- endmacro %}
