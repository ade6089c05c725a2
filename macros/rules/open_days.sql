{#- From the longest window before 2000, when sessions are accepted from, through 2099. -#}
{% macro calendar_days() -%}
    select cast(dates.calendar_day as date) as calendar_day
    from (
        select
            {{ add_days("date '2000-01-01'", -longest_window()) }} as first_day,
            date '2099-12-31' as last_day
    ) as span
    cross join lateral {{ days_between('span.first_day', 'span.last_day') }} as dates (calendar_day)
{%- endmacro %}

{% macro open_days_since(day, earlier_day) -%}
    ({{ day }}.open_days_before - {{ earlier_day }}.open_days_through + 1)
{%- endmacro %}
