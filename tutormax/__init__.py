"""TutorMax warehouse: sample data, loading and operations around the dbt project."""

__version__ = "0.1.0"
