-- One row if the churn model is held back: why.
select reason
from {{ published }}.churn_model_status
where is_held_back
