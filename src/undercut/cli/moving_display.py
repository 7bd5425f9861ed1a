"""Stages ticked off one after another, and a moving bar for the one that runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.text import Text

from undercut.runs.report.formats import duration


@contextmanager
def moving_display(console: Console) -> Iterator[MovingDisplay]:
    """A display on a terminal, removed but for its ticked lines when the block ends."""
    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        _TimeLeft(),
        TextColumn("{task.fields[detail]}", style="dim", markup=False),
        console=console,
        transient=True,
        redirect_stdout=False,
    )
    with bars:
        display = MovingDisplay(bars)
        try:
            yield display
        except BaseException:
            display.break_off()
            raise


class MovingDisplay:
    """What a run tells, drawn by rich."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None
        self._description = ""

    def start(self, stage: str, description: str) -> None:
        self._clear()
        self._description = description
        self._task = self._bars.add_task(description, total=None, detail="", left=None)

    def update(self, fraction: float | None, detail: str, seconds_left: float | None) -> None:
        if self._task is None:
            return
        if fraction is not None:
            self._bars.update(self._task, total=1.0, completed=min(1.0, fraction))
        self._bars.update(self._task, detail=detail, left=seconds_left)

    def finish(self, stage: str, *, reused: bool, seconds: float) -> None:
        self._clear()
        took = "kept from before" if reused else duration(seconds)
        self._bars.console.print(
            Text.assemble(("✓ ", "green"), self._description, (f"  {took}", "dim"))
        )

    def note(self, message: str) -> None:
        self._bars.console.print(Text(f"note: {message}", style="yellow"))

    def break_off(self) -> None:
        """Name the stage that did not come to its end."""
        if self._task is not None:
            self._clear()
            self._bars.console.print(Text.assemble(("✗ ", "red"), self._description))

    def _clear(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._bars.refresh()  # else the next line would be printed above a stale bar
            self._task = None


class _TimeLeft(ProgressColumn):
    """The time left, as the stage tells it or as its speed says; else the time taken so far."""

    def render(self, task: Task) -> Text:
        told: float | None = task.fields.get("left")
        left = task.time_remaining if told is None else told
        if left is not None:
            return Text(f"{duration(left)} left", style="cyan")
        return Text(duration(task.elapsed or 0.0), style="dim")
