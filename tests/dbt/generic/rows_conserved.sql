{#-
    Fails unless rows in raw, including unreadable ones, = rows published + rows rejected.
-#}
{% test rows_conserved(model, source_table, rejected) %}
select raw_rows.n as raw_rows, unreadable.n as unreadable, published.n as published, rejected.n as rejected
from (select count(*) as n from {{ raw_rows(source_table) }}) as raw_rows
cross join (
    select count(*) as n
    from {{ source('load', 'unreadable_rows') }}
    where source_table = '{{ source_table }}'
) as unreadable
cross join (select count(*) as n from {{ model }}) as published
cross join (
    select count(*) as n from {{ rejected }} where source_table = '{{ source_table }}'
) as rejected
where raw_rows.n + unreadable.n <> published.n + rejected.n
{% endtest %}
