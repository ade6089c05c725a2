"""The contracts of the published models as files: made, checked, compared with those before."""
