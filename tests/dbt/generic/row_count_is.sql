{#- Fails if the model has another number of rows; passes in a run that reads only some. -#}
{% test row_count_is(model, rows) %}
select n
from (select count(*) as n from {{ model }}) as counted
where n <> {{ rows }}{{ ' and false' if reads_some_rows() }}
{% endtest %}
