"""Where words go: tables on stdout, progress and remarks on stderr. NO_COLOR is rich's business."""

from __future__ import annotations

import sys

from rich.console import Console


class PipeConsole(Console):
    """A console that lets a closed pipe be seen: rich would end the program by itself."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def data_console() -> Console:
    """Tables and answers, on stdout; 80 columns where that is no terminal."""
    return PipeConsole(file=sys.stdout, width=_width(sys.stdout.isatty()), highlight=False)


def remark_console() -> Console:
    """Progress and next steps, on stderr."""
    return PipeConsole(
        file=sys.stderr, width=_width(sys.stderr.isatty()), highlight=False, soft_wrap=True
    )


def _width(terminal: bool) -> int | None:
    return None if terminal else 80
