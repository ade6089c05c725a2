"""`tutormax train`: trains the churn model from a built warehouse; SQL scores with its seeds."""
