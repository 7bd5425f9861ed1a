"""Documents of selling on disk: JSON and HTML, each whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from undercut.core.errors import ArtefactError
from undercut.core.files import write_atomic


def document_json(document: BaseModel) -> str:
    """Sorted keys, readable Chinese, the same text for the same document."""
    return (
        json.dumps(document.model_dump(mode="json"), sort_keys=True, indent=2, ensure_ascii=False)
        + "\n"
    )


def write_documents(folder: Path, contents: dict[str, str]) -> tuple[Path, ...]:
    """Write texts by file name into a folder, made where it is missing.

    Raises ArtefactError where it cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            write_atomic(folder / name, content.encode("utf-8"))
    except OSError as error:
        raise ArtefactError(
            f"{folder} cannot be written: {error.strerror or error}",
            hint="check free space and the folder's permissions",
        ) from error
    return tuple(folder / name for name in contents)
