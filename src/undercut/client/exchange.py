"""One request with its retries as a plain generator: no socket, no clock, no thread in it.

It yields what to do next, `Send` or `Pause`, and is told what became of it. `Client` and
`AsyncClient` do these two things each in its own way and share everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from undercut.client.calls import Call
from undercut.client.refusals import Failure, refusal
from undercut.client.replies import Reply
from undercut.client.settings import ClientConfig
from undercut.core.errors import ConnectionFailedError, DeadlineExceededError, UndercutError

T = TypeVar("T")


class Timing(Protocol):
    """Time and chance, so that tests need not wait."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def uniform(self) -> float:
        """A random number in [0, 1)."""
        ...


@dataclass(frozen=True, slots=True)
class Send:
    """Do one attempt, in at most so many seconds."""

    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait."""

    seconds: float


Step = Send | Pause
Outcome = Reply | Failure | None
Exchange = Generator[Step, Outcome, T]


def exchange(call: Call[T], config: ClientConfig, timing: Timing, until: float) -> Exchange[T]:
    """Ask until there is an answer, or no attempt can help any more.

    until: on the clock of `timing`. Raises the error of the last attempt, or
    DeadlineExceededError where there was no time for any.
    """
    attempt = 0
    last: UndercutError | None = None
    while True:
        remaining = until - timing.monotonic()
        if remaining <= 0:
            raise last or DeadlineExceededError("no time was left to ask the server")
        attempt += 1
        outcome = yield Send(min(config.timeout_seconds, remaining))
        result = _judge(call, outcome)
        if not isinstance(result, Failure):
            return result
        last = _explained(result.error, call, attempt)
        wait = _wait_seconds(result, attempt, config, timing.uniform)
        if not _again(result, call, attempt, config) or timing.monotonic() + wait >= until:
            raise last
        yield Pause(wait)


def _judge(call: Call[T], outcome: Outcome) -> T | Failure:
    """The answer in a reply, or why it is none."""
    if isinstance(outcome, Failure):
        return outcome
    assert outcome is not None
    if outcome.status != 200:
        return refusal(outcome)
    try:
        return call.read(outcome)
    except ConnectionFailedError as error:
        # A proxy may have spoilt it on the way: the books hold the true one.
        return Failure(error, again=True)


def _again(failure: Failure, call: Call[T], attempt: int, config: ClientConfig) -> bool:
    # Without an idempotency key, only what was surely not answered may be asked twice.
    safe = call.repeatable or failure.unanswered
    return failure.again and safe and attempt < config.attempts


def _wait_seconds(
    failure: Failure, attempt: int, config: ClientConfig, uniform: Callable[[], float]
) -> float:
    """Doubling waits, half of each by chance, so that callers who failed together part.

    The fixed half is there so that eight attempts outlast a server's restart. What the server
    asked for is the least: the random half comes on top of it.
    """
    full = config.first_wait_seconds * 2.0 ** min(attempt - 1, 60)
    half = min(full, config.longest_wait_seconds) / 2
    least = half if failure.wait_seconds is None else failure.wait_seconds
    return least + half * uniform()


def _explained(error: UndercutError, call: Call[T], attempt: int) -> UndercutError:
    if not isinstance(error, ConnectionFailedError):
        return error
    times = "" if attempt == 1 else f" ({attempt} attempts)"
    return ConnectionFailedError(
        error.message + times, hint=error.hint, idempotency_key=call.idempotency_key
    )
