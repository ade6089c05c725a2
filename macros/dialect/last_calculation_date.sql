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
