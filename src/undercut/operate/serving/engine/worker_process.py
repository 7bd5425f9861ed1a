"""Start a worker process that answers by a plan."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

from undercut.core.child import start_child
from undercut.core.errors import ConfigError

MODULE: Final = "undercut.operate.serving.engine.worker"
BUFFER_BYTES: Final = 1 << 20
# numpy starts no threads of its own in it
_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def start_process(
    folder: Path, digest: str, *, nice: int
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """A worker that loads the plan, and this side's end of its socket.

    Raises ConfigError where processes cannot inherit a socket (Windows).
    """
    if sys.platform == "win32":
        raise ConfigError("worker processes need Linux or macOS", hint="workers=0")
    settings = (str(folder.resolve()), digest, str(nice))
    return start_child(MODULE, settings, environment=_ONE_THREAD, buffer_bytes=BUFFER_BYTES)
