"""A folder that `undercut clean` left, as the main job reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from undercut.core.artefacts import MANIFEST, read_manifest
from undercut.core.dataset import IntArray
from undercut.core.errors import ArtefactError, InputError
from undercut.core.tabular.arrow import import_pyarrow

CLEAN_KIND, DATA_FILE, GROUP_COLUMN = "clean", "data.parquet", "group"


@dataclass(frozen=True, slots=True)
class CleanedFolder:
    """data: the rows. sha256: of that file, as the manifest has it."""

    data: Path
    sha256: str

    def groups(self) -> IntArray:
        """(rows,) int64, equal for rows that must stand in one split, in the order of the file."""
        parquet = import_pyarrow("pyarrow.parquet")
        column = parquet.read_table(self.data, columns=[GROUP_COLUMN])[GROUP_COLUMN]
        return np.asarray(column.to_numpy(), dtype=np.int64)


def cleaned_folder(path: Path) -> CleanedFolder | None:
    """The folder's data, None where `path` is no folder of `undercut clean`.

    Raises ArtefactError where the data file is not the one the manifest names, InputError where
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
    entries = {entry.name: entry for entry in read_manifest(path).files}
    entry, data = entries.get(DATA_FILE), path / DATA_FILE
    if entry is None or not data.is_file() or data.stat().st_size != entry.bytes:
        raise ArtefactError(
            f"{data}: missing or changed since `undercut clean` wrote it",
            hint="run the same `undercut clean` again",
        )
    return CleanedFolder(data, entry.sha256)


def _kind(manifest: Path) -> object:
    try:
        content = json.loads(manifest.read_bytes())
    except (OSError, ValueError):
        # a manifest that cannot be read is told by whoever needs it
        return None
    return content.get("kind") if isinstance(content, dict) else None
