{#-
    The last calculation date: the var as_of_date, or else the day after the latest activity, but not
    after the current UTC date, so that a session dated in the future does not move the clock.
-#}
{% macro last_calculation_date(day_after_activity) -%}
    {%- if var('as_of_date') -%}
        cast('{{ var('as_of_date') }}' as date)
    {%- else -%}
        least({{ day_after_activity }}, {{ current_utc_date() }})
    {%- endif -%}
{%- endmacro %}

{% macro current_utc_date() -%}
    cast('{{ run_started_at.strftime('%Y-%m-%d') }}' as date)
{%- endmacro %}
