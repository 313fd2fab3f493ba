"""What the benchmarks have measured. Read the chapters "Faster" and "More accurate"."""

from pathlib import Path

__all__ = ["RECORDS"]

RECORDS = Path(__file__).parents[1] / "_files" / "results"
"""A folder with a JSON file for each script of the repository's folder ``benchmarks``. The files
hold every run of ``speed``, ``recipes``, ``shards``, ``kills`` and ``workers``."""
