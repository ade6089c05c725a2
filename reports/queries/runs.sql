-- One row per run of dbt, the latest ten: what it did to the published tables.
select
    run_id,
    min(started_at) as started_at,
    max(as_of_date) as as_of_date,
    count(*) as models,
    count(*) filter (where status is null or status <> 'success') as unsuccessful,
    sum(cast(seconds as decimal(18, 3))) as seconds,
    coalesce(sum(rows_inserted) filter (where model not like 'stg!_%' escape '!' and model not like 'int!_%' escape '!'), 0)
        as inserted,
    coalesce(sum(rows_updated) filter (where model not like 'stg!_%' escape '!' and model not like 'int!_%' escape '!'), 0)
        as updated,
    coalesce(sum(rows_deleted) filter (where model not like 'stg!_%' escape '!' and model not like 'int!_%' escape '!'), 0)
        as deleted
from {{ published }}.tutormax_runs
group by run_id
order by started_at desc, run_id
limit 10
