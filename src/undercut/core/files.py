"""Writing files so that a kill or a power cut leaves the old file or the new one."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

PARTIAL_PREFIX = ".partial-"


def write_atomic(path: Path, data: bytes) -> None:
    """Replace the file at `path` with `data` in one step, on disk when this returns.

    Raises OSError (disk full, no permission); the old file then stands untouched.
    """
    # a name of this process and thread: two writers of one path do not meet in one partial file
    partial = path.with_name(f"{PARTIAL_PREFIX}{os.getpid()}-{threading.get_ident()}-{path.name}")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and new names in a folder durable, where the system lets folders be synced."""
    if os.name == "posix":
        _sync(folder)


def sync_tree(folder: Path) -> None:
    """Put every file and folder below `folder`, and `folder` itself, on disk."""
    for parent, _, names in os.walk(folder):
        for name in names:
            _sync(Path(parent) / name)
        sync_folder(Path(parent))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
