"""Checks of a cleaned folder: its data files are those the manifest names."""

from __future__ import annotations

import hashlib
from pathlib import Path

from undercut.core.artefacts import check_sizes
from undercut.core.errors import ArtefactError


def check_cleaned(folder: Path) -> None:
    """Raise ArtefactError where a file of the result is missing or not as it was written."""
    for entry in check_sizes(folder).files:
        path = folder / entry.name
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != entry.sha256:
            raise ArtefactError(
                f"{path}: changed: its sha256 differs from the manifest's",
                hint="run the same `undercut clean` again",
            )
