"""`tutormax train`: from a built warehouse to the seeds that SQL scores churn with."""
