"""Synthetic sample data: a seeded simulation of a tutoring marketplace, written as Parquet files.

It describes no real people. `simulate` runs the marketplace day by day and passes its rows to a
sink; `write_files` writes them to a folder of Parquet files.
"""

from __future__ import annotations

from tutormax.generate.settings import Settings
from tutormax.generate.simulation import Simulation, simulate
from tutormax.generate.writing import write_files

__all__ = ["Settings", "Simulation", "simulate", "write_files"]
