"""Meters that read clocks, and heartbeats: what a killed attempt had consumed."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

from undercut.core.canonical import canonical_json
from undercut.core.errors import ConfigError
from undercut.core.files import write_atomic
from undercut.core.usage import RecordingMeter, RecordingSpan, Unit, Usage, summed

ReadUsage = Callable[[], Sequence[Usage]]


class ProcessMeter(RecordingMeter):
    """Meters each stage's wall and CPU seconds and the peak memory, beside what is recorded.

    CPU seconds are user and system time of this process and of the children it has waited for;
    a child still running is counted by the stage that sees it end. GPU seconds are recorded by
    the stage that uses one.
    """

    def _begin(self, name: str) -> RecordingSpan:
        return _ProcessSpan(name)


class _ProcessSpan(RecordingSpan):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._wall = time.perf_counter()
        self._cpu = cpu_seconds()

    def usage(self) -> tuple[Usage, ...]:
        wall = max(0.0, time.perf_counter() - self._wall)
        cpu = max(0.0, cpu_seconds() - self._cpu)
        return summed(
            (
                Usage.measured(Unit.WALL_SECONDS, wall),
                Usage.measured(Unit.CPU_SECONDS, cpu),
                *super().usage(),
            )
        )

    def peak_rss_bytes(self) -> int | None:
        return peak_rss_bytes()


def cpu_seconds() -> float:
    """User and system time of this process and of its waited-for children."""
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def peak_rss_bytes() -> int | None:
    """The highest resident memory so far of this process or one of its ended children.

    None where the system does not tell.
    """
    if sys.platform == "win32":
        return None
    import resource

    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    # bytes on macOS, KiB elsewhere
    return peak if sys.platform == "darwin" else peak * 1024


class Heartbeat:
    """A thread that writes an attempt's usage so far into a small file, again and again.

    After a kill -9 the file tells what had been consumed up to `interval_seconds` before. A
    beat that cannot be written is kept in `error` and the next is tried: the stage's own result
    matters more than this estimate of a kill that may not come.
    """

    def __init__(self, path: Path, read: ReadUsage, *, interval_seconds: float = 5.0) -> None:
        if not interval_seconds > 0:
            raise ConfigError(f"a heartbeat's interval must be > 0 s, got {interval_seconds}")
        self.path = path
        self.error: OSError | None = None
        self._read = read
        self._interval_seconds = interval_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def beat(self) -> None:
        """Write the file once, in one step."""
        content = {"usage": {part.unit.value: part.quantity for part in self._read()}}
        try:
            write_atomic(self.path, canonical_json(content).encode())
        except OSError as error:
            self.error = error

    def __enter__(self) -> Self:
        self.beat()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._interval_seconds):
            self.beat()


def last_heartbeat(path: Path) -> tuple[Usage, ...] | None:
    """The usage a heartbeat file holds; None where there is none that can be read."""
    try:
        content = json.loads(path.read_bytes())
        return summed(Usage(Unit(name), Decimal(text)) for name, text in content["usage"].items())
    except (OSError, ValueError, ArithmeticError, KeyError, TypeError, AttributeError, ConfigError):
        return None
