-- One row: the last calculation date; null while nothing has been calculated.
select cast(max(calculation_date) as date) as as_of
from {{ published }}.tutor_performance_metrics
