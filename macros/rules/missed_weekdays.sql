{% macro missed_weekdays(days_since_last_session, teaching_days) -%}
    case
        when {{ days_since_last_session }} = 1 then 0
        {%- for n in range(1, 7) %}
        when {{ days_since_last_session }} = {{ n + 1 }} then {{ teaching_days }}.days_of_first_{{ n }}
        {%- endfor %}
        else {{ teaching_days }}.days_of_first_7
    end
{%- endmacro %}
