-- What: a tutor has a row for every window of a calculation date, or for none.
-- When it fails: a build wrote only part of a day.
-- What to do: dbt build; if it still fails, check macros/materializations/incremental.sql.
select
    tutor_id,
    calculation_date,
    count(*) as windows
from {{ ref('tutor_performance_metrics') }}
group by tutor_id, calculation_date
having count(*) <> {{ var('metric_windows') | length }}
