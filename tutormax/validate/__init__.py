"""Great Expectations over raw and published tables, its suites made from the YAML."""
