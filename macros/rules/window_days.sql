{% macro window_days(metric_window) -%}
    case {{ metric_window }}
        {%- for window, days in var('metric_windows').items() %}
        when '{{ window }}' then {{ days }}
        {%- endfor %}
    end
{%- endmacro %}
