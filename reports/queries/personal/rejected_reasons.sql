-- One row per source and reason: the key of one row that was rejected for it.
select
    rejected.source_table,
    reasons.reason,
    min(rejected.record_key) as example
from {{ published }}.rejected_records as rejected
cross join unnest(rejected.reasons) as reasons(reason)
group by rejected.source_table, reasons.reason
