"""The report as JSON and as a table of items."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from undercut.core.tabular import open_writer
from undercut.core.tabular.writer import ColumnType
from undercut.runs.votes.report import VotesReport


def votes_json(report: VotesReport) -> dict[str, object]:
    """Everything the report holds, as plain JSON values."""
    return asdict(report)


def write_items(report: VotesReport, path: Path) -> None:
    """One row an item: label, its probability and those of all classes; or value and limits."""
    numbers = report.kind == "numbers"
    types: dict[str, ColumnType] = {"item": "string"}
    if numbers:
        types |= {"value": "float64", "low": "float64", "high": "float64", "answers": "int64"}
    else:
        types |= {"label": "string", "probability": "float64", "answers": "int64", "tie": "bool"}
        types |= {f"p_{name}": "float64" for name in report.classes}
    parquet = path.suffix == ".parquet"
    with open_writer(path, list(types), types=types if parquet else None) as writer:
        for item in report.items:
            if numbers:
                writer.write([item.item, item.value, item.low, item.high, item.answers])
            else:
                row = [item.item, item.label, item.probability, item.answers, item.tie]
                writer.write([*row, *item.probabilities])
