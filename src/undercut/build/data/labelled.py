"""A folder of labels, as the main job reads it: its table, beside whatever else stands there."""

from __future__ import annotations

from pathlib import Path

LABELS_FILES = ("labels.csv", "labels.parquet", "labels.jsonl")


def labelled_table(path: Path) -> Path | None:
    """The table of a folder with labels, None for anything else."""
    if not path.is_dir():
        return None
    return next((path / name for name in LABELS_FILES if (path / name).is_file()), None)
