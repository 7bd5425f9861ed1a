"""Reports on disk: the JSON of programs and the page of people, each whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from undercut.core.errors import ArtefactError
from undercut.core.files import write_atomic


def document_json(document: BaseModel | Mapping[str, object]) -> str:
    """Sorted keys, readable Chinese, the same text for the same document."""
    content = document.model_dump(mode="json") if isinstance(document, BaseModel) else document
    return json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def write_documents(folder: Path, contents: Mapping[str, str]) -> tuple[Path, ...]:
    """Write texts by file name into an existing folder, in their order; returns the paths.

    Give the page before its JSON: whoever sees the new JSON then sees the page that belongs to it.
    Raises ArtefactError where the folder cannot be written to.
    """
    files = tuple(folder / name for name in contents)
    for file, content in zip(files, contents.values(), strict=True):
        try:
            write_atomic(file, content.encode("utf-8"))
        except OSError as error:
            raise _unwritable(file, error) from error
    return files


def make_folder(folder: Path) -> Path:
    """The folder, made where it is missing; ArtefactError where it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return folder


def _unwritable(path: Path, error: OSError) -> ArtefactError:
    return ArtefactError(
        f"{path} cannot be written: {error.strerror or error}",
        hint="check free space and the folder's permissions",
    )
