"""Great Expectations for raw and published tables, with expectations from the YAML."""
