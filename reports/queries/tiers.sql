-- One row per tier, on the last calculation date and 30 days before it: tutors by their 30-day window.
select
    performance_tier,
    cast(calculation_date as date) as day,
    count(*) as tutors
from {{ published }}.tutor_performance_metrics
where
    "window" = '30day'
    and performance_tier is not null
    and calculation_date in (
        cast({{ as_of }} as timestamp with time zone), cast({{ as_of }} - 30 as timestamp with time zone)
    )
group by performance_tier, calculation_date
