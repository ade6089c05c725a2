"""Apache Spark: what its builds need, and its tables read without it."""
