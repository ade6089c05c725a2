{#- Fails for each combination of the columns in more than one row. -#}
{% test unique_together(model, columns) %}
select {{ quoted_list(columns) }}
from {{ model }}
group by {{ quoted_list(columns) }}
having count(*) > 1
{% endtest %}
