"""Start a worker process with one end of a socket pair: spawned, not forked, nothing pickled."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

from undercut.core.errors import ConfigError

MODULE: Final = "undercut.operate.serving.engine.worker"
BUFFER_BYTES: Final = 1 << 20


def start_process(
    folder: Path, digest: str, *, nice: int
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """A worker that loads the plan, and this side's end of its socket.

    Raises ConfigError where processes cannot inherit a socket (Windows).
    """
    if sys.platform == "win32":
        raise ConfigError("worker processes need Linux or macOS", hint="workers=0")
    ours, theirs = socket.socketpair()
    with theirs:
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        try:
            settings = (str(theirs.fileno()), str(folder.resolve()), digest, str(nice))
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", MODULE, *settings],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=_environment(),
            )
        except OSError:
            ours.close()
            raise
    ours.setblocking(False)
    return process, ours


def _environment() -> dict[str, str]:
    """The worker imports the very same undercut, and numpy starts no threads of its own."""
    source = str(Path(__file__).parents[4])
    path = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "PYTHONPATH": source if not path else os.pathsep.join((source, path)),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
