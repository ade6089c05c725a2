-- One row per source and reason: a rejected row counts once for each of its reasons.
-- Recent are those of the 7 days up to the latest arrival.
with

records as (
    select
        source_table,
        reasons,
        loaded_at,
        max(cast(loaded_at as date)) over () as last_day
    from {{ published }}.rejected_records
)

select
    records.source_table,
    reasons.reason,
    count(*) as rejected,
    count(*) filter (where cast(records.loaded_at as date) > records.last_day - 7) as recent,
    max(records.loaded_at) as last_loaded
from records
cross join unnest(records.reasons) as reasons(reason)
group by records.source_table, reasons.reason
