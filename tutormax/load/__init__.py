"""Bringing files into the raw tables: `tutormax load`."""

from tutormax.load.loader import LoadReport, TableCount, load_directory

__all__ = ["LoadReport", "TableCount", "load_directory"]
