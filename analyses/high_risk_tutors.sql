SELECT t.name, t.email, cp.churn_score, cp.risk_level
FROM tutors t
JOIN churn_predictions cp ON t.tutor_id = cp.tutor_id
WHERE cp.prediction_date = (
  SELECT MAX(prediction_date)
  FROM churn_predictions
  WHERE tutor_id = t.tutor_id
)
AND cp.churn_score >= 51
ORDER BY cp.churn_score DESC;
