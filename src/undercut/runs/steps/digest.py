"""A digest of what a run reads: the same digest, the same rows."""

from __future__ import annotations

import hashlib
from pathlib import Path

from undercut.build.data.cleaned import cleaned_folder
from undercut.build.data.labelled import copies_table, labelled_table, pseudo_table
from undercut.core.errors import InputError

BLOCK = 1 << 20


def digest_path(path: Path) -> str:
    """sha256 over a file, or over the names and contents of a folder's files.

    Of a folder that `undercut clean` left only the rows, doubted ones too, and their copies count,
    of a folder of labels only its tables: reports, ledgers and certificates change.
    """
    cleaned, labelled = cleaned_folder(path), labelled_table(path)
    hashed = hashlib.sha256()
    try:
        if cleaned is not None:
            found = (cleaned.data, cleaned.augmented, cleaned.doubted)
            files = [file for file in found if file is not None]
        elif labelled is not None:
            tables = (labelled, pseudo_table(path), copies_table(path))
            files = [file for file in tables if file is not None]
        else:
            files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            hashed.update(file.relative_to(path).as_posix().encode() + b"\0")
            with file.open("rb") as stream:
                while block := stream.read(BLOCK):
                    hashed.update(block)
    except FileNotFoundError as error:
        raise InputError("no such file", file=str(path), hint="check the path") from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    return hashed.hexdigest()
