-- What: the probability of churning never falls as the horizon grows.
-- When it fails: churn_predictions no longer multiplies the probabilities of not churning.
-- What to do: P(H) is 1 minus the product of (1 - hazard) over the intervals up to H.
select *
from {{ ref('churn_predictions') }}
where
    window_1day_probability > window_7day_probability
    or window_7day_probability > window_30day_probability
    or window_30day_probability > window_90day_probability
