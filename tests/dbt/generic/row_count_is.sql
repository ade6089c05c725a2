{#- Fails if the model has another number of rows. -#}
{% test row_count_is(model, rows) %}
select n
from (select count(*) as n from {{ model }}) as counted
where n <> {{ rows }}
{% endtest %}
