"""A folder of labels, as the main job reads it: its table, beside whatever else stands there."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from undercut.core.errors import InputError
from undercut.core.tabular.open import open_rows
from undercut.core.tabular.rows import Row

PSEUDO_FILE, COPIES_FILE = "pseudo.csv", "augmented.csv"
LABELS_FILES = ("labels.csv", "labels.parquet", "labels.jsonl")


def labelled_table(path: Path) -> Path | None:
    """The table of a folder with labels, None for anything else."""
    if not path.is_dir():
        return None
    return next((path / name for name in LABELS_FILES if (path / name).is_file()), None)


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A text that trains with its weight, above 0, and is judged on nowhere.

    line: record in its table, from 1. item: id of the labelled text that it is a copy of, or its
    own.
    """

    line: int
    item: str
    text: str
    label: str
    weight: float


def pseudo_table(path: Path) -> Path | None:
    """The table of a model's labels beside the labels, None where there is none."""
    return _beside(path, PSEUDO_FILE)


def copies_table(path: Path) -> Path | None:
    """The table of edited copies beside the labels, None where there is none."""
    return _beside(path, COPIES_FILE)


def read_training_rows(file: Path | None) -> tuple[TrainingRow, ...]:
    """The rows of `pseudo.csv` or `augmented.csv`; none where there is no such file.

    Raises InputError with the line for a missing column or a weight that is not above 0 and finite.
    """
    if file is None:
        return ()
    found = []
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = {"text", "label", "weight"} - set(reader.fieldnames or ())
        if missing:
            raise InputError(
                f"columns are missing: {', '.join(sorted(missing))}", file=str(file), line=1
            )
        for number, row in enumerate(reader, start=1):
            weight = _weight(row, file, number)
            found.append(
                TrainingRow(number, row.get("id") or "", row["text"], row["label"], weight)
            )
    return tuple(found)


def lines_of_items(path: Path) -> dict[str, int]:
    """Line of each id in the labels of a folder; empty without a column of ids."""
    file = labelled_table(path)
    stream = None if file is None else open_rows(str(file))
    if stream is None or "id" not in stream.columns:
        return {}
    rows = stream.select(["id"])
    return {str(row.values[0]): row.line for row in rows if isinstance(row, Row)}


def _beside(path: Path, name: str) -> Path | None:
    file = path / name
    return file if labelled_table(path) is not None and file.is_file() else None


def _weight(row: dict[str, str], file: Path, number: int) -> float:
    try:
        weight = float(row["weight"])
    except (TypeError, ValueError):
        weight = math.nan
    if not (weight > 0 and math.isfinite(weight)):
        raise InputError(
            f"the weight must be a number above 0, got {row['weight']!r}",
            file=str(file),
            line=number + 1,
        )
    return weight
