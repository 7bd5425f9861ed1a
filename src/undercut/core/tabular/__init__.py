"""Tables in and out, row by row: CSV, TSV, JSONL, Parquet, saved data sets.

In reading order: rows (what is yielded), source (bytes and formats), encoding, delimited, jsonl,
arrow, parquet, saved_dataset, open (the way in), columns (which is which), writer (the way out).
"""

from undercut.core.tabular.columns import Columns, guess_columns
from undercut.core.tabular.open import open_rows
from undercut.core.tabular.rows import Cell, Limits, Row, RowProblem, RowStream
from undercut.core.tabular.writer import RowWriter, open_writer

__all__ = [
    "Cell",
    "Columns",
    "Limits",
    "Row",
    "RowProblem",
    "RowStream",
    "RowWriter",
    "guess_columns",
    "open_rows",
    "open_writer",
]
