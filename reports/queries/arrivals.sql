-- One row per source whose rows that arrived last need a look: too many rejected, or dated after their arrival.
select
    source_table,
    rows_arrived,
    rows_rejected,
    reasons,
    is_over_limit,
    rows_dated_ahead
from {{ published }}.tutormax_arrivals as arrivals
where
    build_number = (
        select max(others.build_number)
        from {{ published }}.tutormax_arrivals as others
        where others.source_table = arrivals.source_table
    )
    and (is_over_limit or rows_dated_ahead > 0)
order by source_table
