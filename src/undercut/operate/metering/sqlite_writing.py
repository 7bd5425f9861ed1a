"""What everybody agrees on who writes into books in an SQLite file."""

from __future__ import annotations

from pathlib import Path

from undercut.operate.metering.writer_lock import WriterLock

WRITER_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # NORMAL may lose a committed transaction at a power cut; usage rows must not be lost
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
)


def lock_of(path: Path) -> WriterLock:
    """The lock that is held around every write and whenever a writing connection closes."""
    return WriterLock(path.with_name(path.name + ".lock"))
