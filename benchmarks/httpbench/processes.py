"""Servers as processes: started, waited for, weighed, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_READY_SECONDS = 60
_STOP_SECONDS = 30


@dataclass(frozen=True)
class Weight:
    """Of a process with all its children. rss_bytes counts shared pages once for each process."""

    cpu_seconds: float
    rss_bytes: int


class RunningServer:
    """A server that answers at `url`."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process = process
        self.url = url

    def weight(self) -> Weight:
        """What the server has used until now and holds now."""
        cpu, rss = 0.0, 0
        for one in self._tree():
            try:
                times, memory = one.cpu_times(), one.memory_info()
            except psutil.NoSuchProcess:
                continue
            cpu += times.user + times.system
            rss += memory.rss
        return Weight(cpu, rss)

    def _tree(self) -> list[psutil.Process]:
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str],
    *,
    port: int,
    ready: str,
    log: Path,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[RunningServer]:
    """Start a server, wait until GET `ready` answers below 500, and stop it at the end."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(process, url + ready, log)
            yield RunningServer(process, url)
        finally:
            _stop(process)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended: {log.read_text(errors='replace')[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
        except OSError:
            pass  # not yet
        time.sleep(0.1)
    told = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"{url} was not ready in {_READY_SECONDS} s; it said: {told}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, then make it: its whole session, which is its own."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
