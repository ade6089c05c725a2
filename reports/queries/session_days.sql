-- One row per UTC day with completed sessions, of the last year.
select
    cast(scheduled_start as date) as day,
    count(*) as completed
from {{ published }}.sessions
where
    not no_show
    and actual_start is not null
    and scheduled_start >= cast({{ as_of }} - 365 as timestamp with time zone)
    and scheduled_start < cast({{ as_of }} as timestamp with time zone)
group by cast(scheduled_start as date)
