"""Writes a tenant's month as CloudEvents, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from undercut.operate.metering.books import OpenBooks


def export_cloud_events(books: OpenBooks, tenant: str, month: str, path: Path) -> int:
    """Write one event a line and return how many; the file appears when it is whole."""
    from undercut.operate.metering.cloud_events import cloud_events

    count = 0
    part = path.with_name(path.name + ".part")
    try:
        with books.reading() as connection, part.open("wb") as file:
            for line in cloud_events(connection, books.books_id, tenant, month):
                file.write(line)
                count += 1
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count
