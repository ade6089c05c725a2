"""Apache Spark: requirements of its builds, and reading its tables without it."""
