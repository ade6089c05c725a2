-- One row per source and UTC day on which rejected rows arrived.
select
    cast(loaded_at as date) as day,
    source_table,
    count(*) as rejected
from {{ published }}.rejected_records
group by cast(loaded_at as date), source_table
order by day, source_table
