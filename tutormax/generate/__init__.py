"""Synthetic sample data: a seeded simulation of a tutoring marketplace, written as Parquet files.

It describes no real people. `simulation.simulate` runs the marketplace day by day and passes its
rows to a sink; `writing.write_files` writes them to a folder of Parquet files.
"""
