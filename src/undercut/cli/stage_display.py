"""How far a run is, on stderr: a bar that moves on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from undercut.runs.progress import Progress, Silence
from undercut.runs.report.formats import duration

Clock = Callable[[], float]
REMINDER_SECONDS: Final = 30.0


@contextmanager
def stage_display(*, quiet: bool) -> Iterator[Progress]:
    """The display that suits stderr, for as long as a run lasts."""
    if quiet:
        yield Silence()
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from undercut.cli.consoles import remark_console
        from undercut.cli.moving_display import moving_display

        with moving_display(remark_console()) as display:
            yield display
    else:
        yield PlainLines(sys.stderr)


class PlainLines:
    """One line as a stage starts, one as it ends, and a sign of life in long ones."""

    def __init__(self, stream: TextIO, *, clock: Clock = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._said = clock()

    def start(self, stage: str, description: str) -> None:
        self._say(f"{description} ...")

    def update(self, fraction: float | None, detail: str, seconds_left: float | None) -> None:
        if self._clock() - self._said >= REMINDER_SECONDS:
            self._say("  " + _position(fraction, detail, seconds_left))

    def finish(self, stage: str, *, reused: bool, seconds: float) -> None:
        self._say("  kept from before" if reused else f"  done in {duration(seconds)}")

    def note(self, message: str) -> None:
        self._say(f"note: {message}")

    def _say(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()
        self._said = self._clock()


def _position(fraction: float | None, detail: str, seconds_left: float | None) -> str:
    parts = [] if fraction is None else [f"{100 * fraction:.0f}%"]
    parts += [detail] if detail else []
    parts += [] if seconds_left is None else [f"about {duration(seconds_left)} left"]
    return ", ".join(parts) or "still at it"
