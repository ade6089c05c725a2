"""Upkeep of a warehouse: erasing people, archiving old rows, maintenance, roles."""
