"""A child process at the other end of a socket pair: spawned, not forked, nothing pickled."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def start_child(
    module: str,
    settings: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    buffer_bytes: int | None = None,
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """`python -m module FD *settings`, and this side's end of its socket, which does not block.

    FD: number of the child's end. environment: added to this process's own; buffer_bytes: of both
    ends' sending, None for the system's. The child imports the very same undercut. Raises OSError
    where no process can be had. Not on Windows, where processes do not inherit a socket.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        if buffer_bytes is not None:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, str(theirs.fileno()), *settings],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": _path(), **(environment or {})},
            )
        except OSError:
            ours.close()
            raise
    ours.setblocking(False)
    return process, ours


def _path() -> str:
    source = str(Path(__file__).parents[2])
    before = os.environ.get("PYTHONPATH")
    return source if not before else os.pathsep.join((source, before))
