"""A client before a server that loses, delays, cuts and refuses: one charge, one answer."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import Any

import pytest
from misbehaving_server import (
    MisbehavingServer,
    drips,
    drops_after,
    drops_before,
    forgets_answers,
    hangs,
    misbehaving_server,
    refuses,
    resets,
    sends_garbage,
    speaks_no_http,
    truncates,
)

from undercut.client import Client, ClientConfig
from undercut.core.errors import (
    AuthenticationError,
    BooksUnavailableError,
    ConfigError,
    ConnectionFailedError,
    DeadlineExceededError,
    IdempotencyConflictError,
    InputError,
    OverloadedError,
    PermissionDeniedError,
    QuotaExceededError,
)

BROKEN = [
    drops_before,
    drops_after,
    resets,
    truncates,
    sends_garbage,
    forgets_answers,
    speaks_no_http,
    refuses(500),
    refuses(502, plain=True),
    refuses(504),
]


@pytest.mark.parametrize("behaviour", BROKEN)
def test_a_broken_attempt_is_repeated_with_the_same_key_and_bytes(
    server: MisbehavingServer, asker: Any, behaviour: Any
) -> None:
    server.will(behaviour, behaviour)
    answer = asker(server.url).predict("where is my card?")
    assert answer.label == "?drac ym si erehw"
    assert len(server.seen) == 3
    assert len({(request.key, request.body) for request in server.seen}) == 1
    assert server.charged_inputs == 1


def test_an_answer_lost_to_a_time_out_is_fetched_again_and_charged_once(
    server: MisbehavingServer, asker: Any
) -> None:
    server.will(hangs(0.6), drips(0.05))
    answer = asker(server.url, timeout_seconds=0.3).predict("late")
    assert answer.label == "etal"
    assert server.charged_inputs == 1
    assert len(server.seen) == 3


@pytest.mark.parametrize("behaviour", [drops_after, truncates, sends_garbage, refuses(500)])
def test_without_an_idempotency_key_what_may_be_answered_is_not_asked_twice(
    server: MisbehavingServer, asker: Any, behaviour: Any
) -> None:
    server.will(behaviour)
    with pytest.raises(ConnectionFailedError) as raised:
        asker(server.url, idempotency=False).predict("once")
    assert raised.value.idempotency_key is None
    assert len(server.seen) == 1
    assert server.seen[0].key is None


def test_without_an_idempotency_key_a_refusal_is_still_repeated(
    server: MisbehavingServer, asker: Any
) -> None:
    server.will(refuses(503), refuses(429))
    assert asker(server.url, idempotency=False).predict("ab").label == "ba"
    assert server.charged_inputs == 1


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_the_least_wait(server: MisbehavingServer, asker: Any, status: int) -> None:
    server.will(refuses(status, retry_after="7"), refuses(status, retry_after="3", plain=True))
    asking = asker(server.url)
    asking.predict("ab")
    # On top of what was asked for comes a part by chance: half of 0.1 s, then of 0.2 s.
    assert asking.timing.slept == pytest.approx([7.05, 3.1])


def test_a_retry_after_beyond_the_deadline_is_not_waited_for(
    server: MisbehavingServer, asker: Any
) -> None:
    server.will(refuses(429, "quota_exceeded", retry_after="86400"))
    asking = asker(server.url)
    with pytest.raises(QuotaExceededError, match="not now") as raised:
        asking.predict("ab")
    assert raised.value.retry_after_seconds == 86400
    assert asking.timing.slept == []
    assert len(server.seen) == 1


def test_waits_double_up_to_the_longest(server: MisbehavingServer, asker: Any) -> None:
    server.will(*[drops_before] * 7)
    asking = asker(server.url, first_wait_seconds=1, longest_wait_seconds=8)
    asking.predict("ab")
    assert asking.timing.slept == pytest.approx([0.75, 1.5, 3, 6, 6, 6, 6])


def test_attempts_end(server: MisbehavingServer, asker: Any) -> None:
    server.will(*[drops_after] * 10)
    with pytest.raises(ConnectionFailedError, match=r"3 attempts") as raised:
        asker(server.url, attempts=3).predict("ab", idempotency_key="order-7")
    assert raised.value.idempotency_key == "order-7"
    assert len(server.seen) == 3
    # What the error names gets the answer that was paid for.
    assert asker(server.url, attempts=20).predict("ab", idempotency_key="order-7").label == "ba"
    assert server.charged_inputs == 1


def test_the_deadline_ends_the_waiting(server: MisbehavingServer, asker: Any) -> None:
    server.will(*[refuses(503, retry_after="2")] * 10)
    asking = asker(server.url)
    with pytest.raises(OverloadedError):
        asking.predict("ab", deadline_seconds=5)
    assert 4 < sum(asking.timing.slept) < 5


def test_no_call_outlives_its_deadline(server: MisbehavingServer) -> None:
    server.will(*[hangs(5)] * 5)
    with Client(server.url) as client:
        started = time.monotonic()
        with pytest.raises(ConnectionFailedError, match="in time"):
            client.predict("ab", deadline_seconds=0.4)
        assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid", InputError),
        (401, "unauthenticated", AuthenticationError),
        (403, "forbidden", PermissionDeniedError),
        (404, "not_found", ConfigError),
        (409, "idempotency_conflict", IdempotencyConflictError),
        (413, "too_large", InputError),
        (422, "invalid", InputError),
    ],
)
def test_what_no_repeat_can_mend_is_raised_at_once(
    server: MisbehavingServer, asker: Any, status: int, code: str, kind: type[Exception]
) -> None:
    server.will(refuses(status, code, plain=status == 404))
    with pytest.raises(kind, match=r"not now|404"):
        asker(server.url).predict("ab")
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "quota_exceeded", QuotaExceededError),
        (503, "overloaded", OverloadedError),
        (503, "books_unavailable", BooksUnavailableError),
        (504, "deadline_exceeded", DeadlineExceededError),
        (500, "defect", ConnectionFailedError),
        (502, "gateway", ConnectionFailedError),
    ],
)
def test_what_stays_wrong_is_raised_in_the_end(
    server: MisbehavingServer, asker: Any, status: int, code: str, kind: type[Exception]
) -> None:
    server.will(*[refuses(status, code)] * 4)
    with pytest.raises(kind, match=r"not now \(r-refused\)"):
        asker(server.url, attempts=4).predict("ab")
    assert len(server.seen) == 4


def test_a_redirect_is_not_followed_with_the_key(server: MisbehavingServer, asker: Any) -> None:
    server.will(refuses(307, plain=True))
    with pytest.raises(ConfigError, match="sends requests on"):
        asker(server.url, key="uc_secret").predict("ab")
    assert len(server.seen) == 1


def test_nothing_listens(asker: Any) -> None:
    with misbehaving_server() as gone:
        url = gone.url
    asking = asker(url, attempts=3)
    with pytest.raises(ConnectionFailedError, match="cannot be reached") as raised:
        asking.predict("ab")
    assert "is the server running" in str(raised.value)
    assert len(asking.timing.slept) == 2


def test_a_server_that_restarts_is_waited_for() -> None:
    """Real waiting: the port refuses connections for a while, then serves again."""
    with misbehaving_server() as first:
        port = first.port
    with ExitStack() as stack:
        back: list[MisbehavingServer] = []

        def restart() -> None:
            time.sleep(0.7)
            back.append(stack.enter_context(misbehaving_server(port)))

        thread = threading.Thread(target=restart)
        thread.start()
        with Client(f"http://127.0.0.1:{port}", config=ClientConfig()) as client:
            assert client.predict("ab").label == "ba"
        thread.join()
        assert back[0].charged_inputs == 1
