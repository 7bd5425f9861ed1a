"""A folder of labels, as the main job reads it: its table, beside whatever else stands there."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from undercut.core.errors import InputError

PSEUDO_FILE = "pseudo.csv"
LABELS_FILES = ("labels.csv", "labels.parquet", "labels.jsonl")


def labelled_table(path: Path) -> Path | None:
    """The table of a folder with labels, None for anything else."""
    if not path.is_dir():
        return None
    return next((path / name for name in LABELS_FILES if (path / name).is_file()), None)


@dataclass(frozen=True, slots=True)
class Pseudo:
    """A text with a model's label: trains with its weight, above 0, and is judged on nowhere.

    line: record in its table, from 1.
    """

    line: int
    text: str
    label: str
    weight: float


def pseudo_table(path: Path) -> Path | None:
    """The table of a model's labels beside the labels, None where there is none."""
    file = path / PSEUDO_FILE
    return file if labelled_table(path) is not None and file.is_file() else None


def read_pseudo(path: Path) -> tuple[Pseudo, ...]:
    """The rows of a folder's `pseudo.csv`; none where there is no such file.

    Raises InputError with the line for a missing column or a weight that is not above 0 and finite.
    """
    file = pseudo_table(path)
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
            found.append(Pseudo(number, row["text"], row["label"], _weight(row, file, number)))
    return tuple(found)


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
