"""Puts a file's name before what a computation has to say about its contents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from undercut.core.errors import InputError


@contextmanager
def in_file(path: Path, hint: str | None = None) -> Iterator[None]:
    """An InputError from within that names no file names this one; `hint` where it has none."""
    try:
        yield
    except InputError as error:
        if error.file is not None:
            raise
        raise InputError(error.message, file=str(path), hint=error.hint or hint) from error
