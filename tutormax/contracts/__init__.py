"""Contract files of the published models: written, checked, compared with previous ones."""
