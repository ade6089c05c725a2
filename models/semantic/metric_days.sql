-- One row per UTC day from the day before the first calculation date to the last calculation date.

with

metrics as (
    select * from {{ ref('tutor_performance_metrics') }}
),

bounds as (
    select
        {{ add_days(utc_day('min(calculation_date)'), -1) }} as first_day,
        {{ utc_day('max(calculation_date)') }} as last_day
    from metrics
),

final as (
    select cast(dates.date_day as date) as date_day
    from bounds
    cross join lateral {{ days_between('bounds.first_day', 'bounds.last_day') }} as dates (date_day)
)

select * from final
