-- What: no closed period ends before its first day.
-- When it fails: first_day and last_day of a row of the seed closed_periods are in the wrong order.
-- What to do: correct the row in seeds/churn/closed_periods.csv.
select *
from {{ ref('closed_periods') }}
where last_day < first_day
