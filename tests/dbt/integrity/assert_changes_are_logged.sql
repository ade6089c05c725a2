-- What: what core__pending_changes says stands in the change log too, by which later builds recompute.
-- When it fails: a published table may have changed without a word, and what is made of it is stale.
-- What to do: run dbt build --full-refresh, and look for who writes staging.change_log.
with

pending as (
    select * from {{ ref('core__pending_changes') }}
),

change_log as (
    select * from {{ source('builds', 'change_log') }}
)

select
    source_table,
    rows_removed,
    first_changed_day
from pending
where
    not exists (
        select 1
        from change_log
        where
            pending.source_table = change_log.subject
            and pending.rows_removed = change_log.rows_removed
            and pending.first_changed_day is not distinct from change_log.first_changed_day
    )
