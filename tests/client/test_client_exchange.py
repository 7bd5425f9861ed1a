"""The retry core without sockets: what holds for every course of events."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.client.calls import Call
from undercut.client.exchange import Outcome, Pause, Send, exchange
from undercut.client.refusals import Failure
from undercut.client.replies import Reply
from undercut.client.settings import ClientConfig
from undercut.core.errors import ConnectionFailedError, DeadlineExceededError, UndercutError


@dataclass
class FakeTiming:
    now: float = 0.0
    chance: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def uniform(self) -> float:
        return self.chance


def call(*, repeatable: bool) -> Call[bytes]:
    return Call("POST", "/", b"", {}, repeatable, lambda reply: reply.body)


OUTCOMES = st.one_of(
    st.just(Reply(200, {}, b"answer")),
    st.sampled_from([400, 401, 500, 502, 504]).map(lambda status: Reply(status, {}, b"")),
    st.tuples(st.sampled_from([429, 503]), st.integers(0, 40)).map(
        lambda both: Reply(both[0], {"retry-after": str(both[1])}, b"")
    ),
    st.booleans().map(
        lambda unsent: Failure(ConnectionFailedError("broken"), again=True, unanswered=unsent)
    ),
)


def may_hide_an_answer(outcome: Outcome) -> bool:
    if isinstance(outcome, Failure):
        return not outcome.unanswered
    assert outcome is not None
    return outcome.status >= 500 and outcome.status != 503


@given(
    outcomes=st.lists(st.tuples(OUTCOMES, st.floats(0, 10)), min_size=12, max_size=12),
    repeatable=st.booleans(),
    chance=st.floats(0, 1, exclude_max=True),
    attempts=st.integers(1, 8),
    until=st.floats(0, 100),
)
def test_every_course_of_events_keeps_the_promises(
    outcomes: list[tuple[Reply | Failure, float]],
    repeatable: bool,
    chance: float,
    attempts: int,
    until: float,
) -> None:
    timing = FakeTiming(chance=chance)
    config = ClientConfig(attempts=attempts)
    steps = exchange(call(repeatable=repeatable), config, timing, until)
    sent: list[Reply | Failure] = []
    outcome: Outcome = None
    try:
        while True:
            step = steps.send(outcome)
            outcome = None
            if isinstance(step, Pause):
                last = sent[-1]
                asked = float(last.headers.get("retry-after", 0)) if isinstance(last, Reply) else 0
                assert asked <= step.seconds <= asked + config.longest_wait_seconds
                timing.now += step.seconds
                assert timing.now < until
            else:
                assert isinstance(step, Send)
                assert 0 < step.timeout_seconds <= min(config.timeout_seconds, until - timing.now)
                if not repeatable:
                    assert not any(map(may_hide_an_answer, sent))
                outcome, took = outcomes[len(sent)]
                sent.append(outcome)
                timing.now += min(took, step.timeout_seconds)
    except StopIteration as end:
        result = end.value
        assert isinstance(sent[-1], Reply)
        assert sent[-1].status == 200
        assert sent[-1].body == result
    except DeadlineExceededError:
        assert not sent or isinstance(sent[-1], Reply)
    except UndercutError:
        assert isinstance(sent[-1], Failure) or sent[-1].status != 200
    assert len(sent) <= attempts
    answered = [one for one in sent if isinstance(one, Reply) and one.status == 200]
    assert len(answered) <= 1


def test_no_time_at_all() -> None:
    steps = exchange(call(repeatable=True), ClientConfig(), FakeTiming(now=5), until=5)
    with pytest.raises(DeadlineExceededError, match="no time was left"):
        next(steps)


def test_default_attempts_outlast_a_restart_of_ten_seconds() -> None:
    timing = FakeTiming()
    steps = exchange(call(repeatable=True), ClientConfig(), timing, until=60)
    gone = Failure(ConnectionFailedError("refused"), again=True, unanswered=True)
    step = next(steps)
    with pytest.raises(ConnectionFailedError):  # noqa: PT012 - the loop ends by it
        while True:
            timing.now += step.seconds if isinstance(step, Pause) else 0
            step = steps.send(gone if isinstance(step, Send) else None)
    assert 10 < timing.now < 20
