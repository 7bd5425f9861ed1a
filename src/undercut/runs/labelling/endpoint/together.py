"""Several questions at once, in threads that Ctrl-C need not wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

# After Ctrl-C: replies that are on their way were paid for, so they are given time to arrive.
GRACE_SECONDS = 10.0


def ask_together(
    ask: Callable[[Q], A],
    questions: Sequence[Q],
    *,
    at_once: int,
    halt: Callable[[], None],
    grace_seconds: float = GRACE_SECONDS,
) -> list[A]:
    """`ask` of each question, in their order, `at_once` at a time.

    halt: tells `ask` to try nothing again. The first error ends it, when those under way are
    through; an interruption (Ctrl-C) waits for them for `grace_seconds` at most, and a second one
    not at all: the threads are daemons, so they do not keep the process.
    """
    answers: dict[int, A] = {}
    errors: list[BaseException] = []
    waiting: SimpleQueue[int] = SimpleQueue()
    for at in range(len(questions)):
        waiting.put(at)

    def work() -> None:
        while not errors:
            try:
                at = waiting.get_nowait()
            except Empty:
                return
            try:
                answers[at] = ask(questions[at])
            except BaseException as error:  # noqa: BLE001 - raised again by who waits
                errors.append(error)
                halt()

    threads = [
        threading.Thread(target=work, daemon=True) for _ in range(min(at_once, len(questions)))
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except BaseException as stopped:
        errors.append(stopped)
        halt()
        ends = time.monotonic() + grace_seconds
        for thread in threads:
            thread.join(max(ends - time.monotonic(), 0.0))
        raise
    if errors:
        raise errors[0]
    return [answers[at] for at in range(len(questions))]
