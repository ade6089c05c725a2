SELECT t.tutor_id, t.name, AVG(sf.overall_rating) as avg_rating
FROM tutors t
JOIN sessions s ON t.tutor_id = s.tutor_id
JOIN student_feedback sf ON s.session_id = sf.session_id
WHERE s.scheduled_start >= NOW() - INTERVAL '30 days'
GROUP BY t.tutor_id, t.name
HAVING COUNT(sf.feedback_id) >= 5;
