{#- Fails if the model and another relation have different numbers of rows. -#}
{% test same_row_count(model, other) %}
select model_rows.n as model_rows, other_rows.n as other_rows
from (select count(*) as n from {{ model }}) as model_rows
cross join (select count(*) as n from {{ other }}) as other_rows
where model_rows.n <> other_rows.n
{% endtest %}
