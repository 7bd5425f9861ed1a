"""Starts `serving_http_process.py` and waits until it is ready."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCRIPT = Path(__file__).with_name("serving_http_process.py")
SOURCE = Path(__file__).parents[4] / "src"


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(
    port: int, file: Path, *, delay_seconds: float = 0.0, **limits: float
) -> Iterator[subprocess.Popen[bytes]]:
    """A ready server; killed at the end where it still runs."""
    settings = json.dumps({"delay_seconds": delay_seconds, **limits})
    running = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(port), str(file), settings],
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    try:
        assert running.stderr is not None
        for line in running.stderr:
            if b'"event":"ready"' in line:
                break
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate()
