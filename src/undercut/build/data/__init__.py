"""From a labelled file to clean rows and honest parts: read_table, clean, split."""

from undercut.build.data.findings import CleanReport, Example, Finding
from undercut.build.data.hygiene import CleanConfig, Cleaned, CleanResult, clean
from undercut.build.data.read import Table, read_table
from undercut.build.data.splits import SplitConfig, Splits, split

__all__ = [
    "CleanConfig",
    "CleanReport",
    "CleanResult",
    "Cleaned",
    "Example",
    "Finding",
    "SplitConfig",
    "Splits",
    "Table",
    "clean",
    "read_table",
    "split",
]
