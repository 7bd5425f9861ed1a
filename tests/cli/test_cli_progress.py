"""Progress in plain lines and as a moving display."""

from __future__ import annotations

import io
import re
import sys

import pytest
from rich.console import Console

from undercut.cli.moving_display import moving_display
from undercut.cli.stage_display import REMINDER_SECONDS, PlainLines, stage_display
from undercut.runs.progress import Silence


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_plain_lines_say_start_end_and_reuse() -> None:
    stream = io.StringIO()
    lines = PlainLines(stream)
    lines.start("read", "read the file")
    lines.finish("read", reused=False, seconds=2.25)
    lines.start("teacher", "train the teacher")
    lines.finish("teacher", reused=True, seconds=0.01)
    lines.note("no test file")
    assert stream.getvalue() == (
        "read the file ...\n  done in 2.2 s\n"
        "train the teacher ...\n  kept from before\nnote: no test file\n"
    )


def test_a_long_stage_gives_a_sign_of_life_now_and_then() -> None:
    stream, clock = io.StringIO(), Clock()
    lines = PlainLines(stream, clock=clock)
    lines.start("teacher", "train the teacher")
    for second in range(65):
        clock.now = float(second)
        lines.update(second / 100, "epoch 2", 90.0)
    said = stream.getvalue().splitlines()[1:]
    assert len(said) == 64 // int(REMINDER_SECONDS)
    assert said[0] == "  30%, epoch 2, about 1 min 30 s left"


def test_unknown_progress_is_said_in_words() -> None:
    stream, clock = io.StringIO(), Clock()
    lines = PlainLines(stream, clock=clock)
    clock.now = 100.0
    lines.update(None, "", None)
    assert stream.getvalue() == "  still at it\n"


def moving(width: int = 100) -> tuple[io.StringIO, Console]:
    out = io.StringIO()
    return out, Console(file=out, force_terminal=True, width=width, no_color=True)


def test_the_moving_display_ticks_stages_off_and_takes_its_bar_away() -> None:
    out, console = moving()
    with moving_display(console) as display:
        display.update(0.5, "before any stage", None)
        display.start("teacher", "train [the] teacher")
        display.update(0.25, "epoch 1", 75.0)
        display._bars.refresh()  # as its thread does ten times a second
        display.finish("teacher", reused=False, seconds=61.0)
        display.start("plan", "choose a plan")
        display.finish("plan", reused=True, seconds=0.0)
        display.note("[no] test file")
    text = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert "1 min 15 s left" in text
    assert "✓ train [the] teacher  1 min 01 s" in text
    assert "✓ choose a plan  kept from before" in text
    assert "note: [no] test file" in text
    assert "\x1b[?25h" in text  # the cursor is back


def test_an_error_takes_the_bar_away_and_names_the_stage() -> None:
    out, console = moving()

    def stopped() -> None:
        with moving_display(console) as display:
            display.start("teacher", "train the teacher")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert "✗ train the teacher" in re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert "\x1b[?25h" in out.getvalue()


def test_which_display(monkeypatch: pytest.MonkeyPatch) -> None:
    with stage_display(quiet=True) as display:
        assert isinstance(display, Silence)
    with stage_display(quiet=False) as display:
        assert isinstance(display, PlainLines)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    with stage_display(quiet=False) as display:
        assert isinstance(display, PlainLines)
