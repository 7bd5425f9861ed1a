"""Ctrl-C while questions are under way."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from undercut.runs.labelling.endpoint.together import ask_together


@pytest.fixture(autouse=True)
def _ctrl_c_interrupts() -> Iterator[None]:
    """A shell that starts the tests in the background has them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _interrupt(after_seconds: float) -> None:
    threading.Timer(after_seconds, os.kill, (os.getpid(), signal.SIGINT)).start()


def test_answers_come_in_the_order_of_the_questions() -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.01 if number == 0 else 0.0)
        return number * 2

    assert ask_together(slow_first, range(9), at_once=4, halt=lambda: None) == [
        0, 2, 4, 6, 8, 10, 12, 14, 16,
    ]  # fmt: skip
    assert ask_together(slow_first, [], at_once=4, halt=lambda: None) == []


def test_ctrl_c_waits_for_what_is_under_way_and_asks_nothing_more() -> None:
    asked, heard, halted = [], [], []

    def slow(number: int) -> None:
        asked.append(number)
        time.sleep(0.3)
        heard.append(number)

    _interrupt(0.1)
    with pytest.raises(KeyboardInterrupt):
        ask_together(slow, range(50), at_once=3, halt=lambda: halted.append(True))
    assert sorted(asked) == sorted(heard) == [0, 1, 2]
    assert halted


def test_ctrl_c_does_not_wait_for_ever() -> None:
    never = threading.Event()
    _interrupt(0.1)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        ask_together(
            lambda _: never.wait(60), [1, 2], at_once=2, halt=lambda: None, grace_seconds=0.1
        )
    assert time.monotonic() - started < 5
    never.set()


def test_the_first_error_is_raised_and_stops_the_rest() -> None:
    asked = []

    def ask(number: int) -> None:
        asked.append(number)
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        ask_together(ask, range(50), at_once=1, halt=lambda: None)
    assert asked == [0]
