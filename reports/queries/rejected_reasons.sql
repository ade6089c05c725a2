-- One row per source and reason: a refused row counts once for each of its reasons.
select
    records.source_table,
    reasons.reason,
    count(*) as rejected,
    max(records.loaded_at) as last_loaded
from {{ published }}.rejected_records as records
cross join unnest(records.reasons) as reasons(reason)
group by records.source_table, reasons.reason
