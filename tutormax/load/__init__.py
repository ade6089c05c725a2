"""Bringing files into the raw tables: `tutormax load`."""
