"""A server as a process of its own, for signals: `python serving_http_process.py PORT BOOKS JSON`.

BOOKS gets a line for each recorded request before its answer goes out. JSON: limits, and the
engine's delay_seconds.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

from serving_http_fakes import MemoryBooks, MemoryEngine, MemoryGate

from undercut.core.requests import AnsweredRequest, Recorded, Ticket
from undercut.operate.serving.http.app import Application
from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.log import JsonLog
from undercut.operate.serving.http.server import bind, serve_until_stopped
from undercut.operate.serving.http.services import make_services


class FileBooks(MemoryBooks):
    """Keeps keys of idempotency in a file, shared by the processes that follow each other."""

    file: Path

    async def record(self, ticket: Ticket, request: AnsweredRequest) -> Recorded:
        recorded = await super().record(ticket, request)
        with self.file.open("a") as out:
            out.write(f"{request.idempotency_key}\n")
        # the file has it: memory is to show what the server keeps
        self.rows.clear()
        return recorded


def main() -> None:
    """Serve until a signal."""
    port, file = int(sys.argv[1]), Path(sys.argv[2])
    settings = json.loads(sys.argv[3])
    gate = MemoryGate()
    books = FileBooks(gate)
    books.file = file
    engine = MemoryEngine(delay_seconds=settings.pop("delay_seconds"))
    limits = HttpLimits(**settings)
    services = make_services(engine, gate, books, books, limits=limits)
    listener = bind("127.0.0.1", port)
    serve_until_stopped(Application(services, log=JsonLog(requests=False)), [listener])
    assert gate.open_tickets == []
    assert gc.get_freeze_count(), "what the server holds from its start on is looked through again"


if __name__ == "__main__":
    main()
