"""A folder that `undercut clean` left, as the main job reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from undercut.core.artefacts import MANIFEST, read_manifest
from undercut.core.dataset import FloatArray, IntArray
from undercut.core.errors import ArtefactError, InputError
from undercut.core.tabular.arrow import import_pyarrow

CLEAN_KIND, DATA_FILE, COPIES_FILE = "clean", "data.parquet", "augmented.parquet"
DOUBTED_FILE = "doubted.parquet"
ROW_COLUMN, GROUP_COLUMN, WEIGHT_COLUMN = "row", "group", "weight"


@dataclass(frozen=True, slots=True)
class Copies:
    """Edited copies of rows, for training only.

    records: (copies,) int64, 1-based place among all rows, doubted ones too, of the row each comes
    from; texts: (copies,). weights: (copies,) float32, what each counts of its row's weight; None:
    as much as its row. A copy has the label and the split of its row.
    """

    records: IntArray
    texts: tuple[str, ...]
    weights: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class CleanedFolder:
    """data: the rows. augmented: edited copies. doubted: rows left out of data for their label.

    Either of these two is None in folders from before there were any.
    """

    data: Path
    augmented: Path | None
    doubted: Path | None = None

    def groups(self) -> IntArray:
        """(rows,) int64, equal for rows that must stand in one split, in the order of the file."""
        return np.asarray(self._column(GROUP_COLUMN), dtype=np.int64)

    def weights(self) -> FloatArray | None:
        """(rows,) float32, what each row counts in training; None where all count alike.

        Raises ArtefactError for a weight that is not above 0 and finite.
        """
        weights = np.asarray(self._column(WEIGHT_COLUMN), dtype=np.float32)
        wrong = np.flatnonzero(~((weights > 0) & np.isfinite(weights)))
        if len(wrong):
            raise ArtefactError(
                f"{self.data}: record {int(wrong[0]) + 1} has the weight {weights[wrong[0]]}; "
                "expected a number above 0",
                hint="run the same `undercut clean` again",
            )
        return None if (weights == 1.0).all() else weights

    def copies(self) -> Copies:
        """The edited copies, in the order of the file."""
        if self.augmented is None:
            return Copies(np.zeros(0, np.int64), ())
        table = import_pyarrow("pyarrow.parquet").read_table(self.augmented)
        rows = self.every_row()
        of = np.asarray(table[ROW_COLUMN].to_numpy(), dtype=np.int64)
        records = np.searchsorted(rows, of) + 1
        known = rows[records.clip(max=len(rows)) - 1] == of if len(rows) else of < 0
        if not known.all():
            raise ArtefactError(
                f"{self.augmented}: holds a copy of row {of[~known][0]}, which is not in "
                f"{self.data.name}",
                hint="run the same `undercut clean` again",
            )
        return Copies(records, tuple(table["text"].to_pylist()))

    def every_row(self) -> IntArray:
        """(rows,) int64, the numbers of the rows of `data` and `doubted`, ascending."""
        files = [file for file in (self.data, self.doubted) if file is not None]
        return np.sort(np.concatenate([self.row_numbers(file) for file in files]))

    def row_numbers(self, file: Path) -> IntArray:
        """(rows,) int64, the numbers by which rows of `data` and `doubted` are told apart."""
        return np.asarray(_read_column(file, ROW_COLUMN), dtype=np.int64)

    def doubted_groups(self) -> IntArray:
        """`groups` of the doubted rows; empty where there are none."""
        if self.doubted is None:
            return np.zeros(0, np.int64)
        return np.asarray(_read_column(self.doubted, GROUP_COLUMN), dtype=np.int64)

    def _column(self, name: str) -> Any:
        return _read_column(self.data, name)


def cleaned_folder(path: Path) -> CleanedFolder | None:
    """The folder's data, None where `path` is no folder of `undercut clean`.

    Raises ArtefactError where a file of rows is not the one the manifest names, InputError where
    the run that writes the folder has not finished.
    """
    if not path.is_dir():
        return None
    if not (path / MANIFEST).is_file():
        if (path / DATA_FILE).is_file():
            raise InputError(
                f"holds {DATA_FILE} but no {MANIFEST}: the run of `undercut clean` did not finish",
                file=str(path),
                hint="run the same `undercut clean` again; finished steps are kept",
            )
        return None
    if _kind(path / MANIFEST) != CLEAN_KIND:
        return None
    sizes = {entry.name: entry.bytes for entry in read_manifest(path).files}
    for name in {DATA_FILE, COPIES_FILE, DOUBTED_FILE} & {DATA_FILE, *sizes}:
        file = path / name
        if not file.is_file() or file.stat().st_size != sizes.get(name):
            raise ArtefactError(
                f"{file}: missing or changed since `undercut clean` wrote it",
                hint="run the same `undercut clean` again",
            )
    augmented = path / COPIES_FILE if COPIES_FILE in sizes else None
    doubted = path / DOUBTED_FILE if DOUBTED_FILE in sizes else None
    return CleanedFolder(path / DATA_FILE, augmented, doubted)


def _read_column(file: Path, name: str) -> Any:
    parquet = import_pyarrow("pyarrow.parquet")
    return parquet.read_table(file, columns=[name])[name].to_numpy()


def _kind(manifest: Path) -> object:
    try:
        content = json.loads(manifest.read_bytes())
    except (OSError, ValueError):
        # a manifest that cannot be read is told by whoever needs it
        return None
    return content.get("kind") if isinstance(content, dict) else None
