"""Static pages over the published tables: `tutormax reports`."""
