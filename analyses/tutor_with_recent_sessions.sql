SELECT t.*, s.*
FROM tutors t
LEFT JOIN sessions s ON t.tutor_id = s.tutor_id
WHERE t.tutor_id = 'tutor_123'
  AND s.scheduled_start >= NOW() - INTERVAL '30 days'
ORDER BY s.scheduled_start DESC;
