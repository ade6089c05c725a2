SELECT i.*, t.name, cp.risk_level
FROM interventions i
JOIN tutors t ON i.tutor_id = t.tutor_id
JOIN churn_predictions cp ON t.tutor_id = cp.tutor_id
WHERE i.status = 'pending'
  AND cp.prediction_date = (
    SELECT MAX(prediction_date)
    FROM churn_predictions
    WHERE tutor_id = t.tutor_id
  )
ORDER BY cp.churn_score DESC;
