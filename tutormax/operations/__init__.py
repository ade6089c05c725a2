"""What keeps a warehouse: erasing people, archiving old facts, maintenance, roles."""
