"""Batches and streams: split, in order, at once but not too much, resumable."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from misbehaving_server import MisbehavingServer, drops_after, hangs, refuses

from undercut.client import Answer, AsyncClient, Client, ClientConfig, Progress
from undercut.core.errors import (
    ConfigError,
    ConnectionFailedError,
    DeadlineExceededError,
    IdempotencyConflictError,
    InputError,
)
from undercut.core.money import Money

TEXTS = [f"text {number}" for number in range(103)]
LABELS = [text[::-1] for text in TEXTS]


def test_one_text_gets_one_answer(server: MisbehavingServer, asker: Any) -> None:
    answer = asker(server.url).predict("丢卡 \N{PARTY POPPER}\u2028\x00")
    assert isinstance(answer, Answer)
    assert answer.label == "\x00\u2028\N{PARTY POPPER} 卡丢"
    assert (answer.stage, answer.plan, answer.plan_name) == ("first", "d" * 64, "tiny")
    assert answer.cost == Money.parse("0.0000021 USD")
    assert [ranked.label for ranked in answer.top] == [answer.label]


def test_top_k(server: MisbehavingServer, asker: Any) -> None:
    (answer,) = asker(server.url).predict(["ab"], top_k=2)
    assert [(one.label, one.confidence) for one in answer.top] == [("ba", 0.75), ("other", 0.25)]


def test_no_texts_need_no_request(server: MisbehavingServer, asker: Any) -> None:
    assert asker(server.url).predict([]) == []
    assert asker(server.url).predict_many(iter([])) == []
    assert server.seen == []


@pytest.mark.parametrize("method", ["predict", "predict_many"])
@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_batch_is_split_and_keeps_its_order(
    server: MisbehavingServer, asker: Any, concurrency: int, method: str
) -> None:
    # The first request is the slowest to come back.
    server.will(hangs(0.15))
    asking = asker(server.url, request_inputs=10, concurrency=concurrency)
    answers = getattr(asking, method)(TEXTS)
    assert [answer.label for answer in answers] == LABELS
    assert len(server.seen) == 11
    assert len({request.key for request in server.seen}) == 11
    assert server.charged_inputs == len(TEXTS)


def test_requests_are_bounded_in_bytes(server: MisbehavingServer, asker: Any) -> None:
    asker(server.url, request_bytes=200).predict(["x" * 90] * 5 + ["y" * 500])
    assert sorted(len(request.inputs) for request in server.seen) == [1, 1, 2, 2]


def test_concurrency_is_reached_and_kept(server: MisbehavingServer, asker: Any) -> None:
    server.service_seconds = 0.03
    asker(server.url, request_inputs=4, concurrency=5).predict(TEXTS)
    assert server.most_under_way == 5


def test_progress_tells_what_is_done(server: MisbehavingServer, asker: Any) -> None:
    server.will(drops_after)
    told: list[Progress] = []
    asker(server.url, request_inputs=50, concurrency=1).predict(TEXTS, progress=told.append)
    assert [(step.texts, step.total, step.requests) for step in told] == [
        (50, 103, 1),
        (100, 103, 2),
        (103, 103, 3),
    ]
    assert told[-1].replayed == 50
    assert told[-1].tokens == 206
    assert told[-1].cost == Money.parse("0.0002163 USD")


def test_a_stream_is_read_only_a_little_ahead(server: MisbehavingServer) -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        for number in itertools.count():
            read += 1
            yield f"text {number}"

    with Client(server.url, config=ClientConfig(request_inputs=5, concurrency=2)) as client:
        stream = client.predict_many(endless())
        first = list(itertools.islice(stream, 200))
        assert [answer.label for answer in first] == [f"text {n}"[::-1] for n in range(200)]
        # At most two requests for each of two workers, the one being yielded and one to fill.
        assert read <= 200 + 5 * (2 * 2 + 2)
        time.sleep(0.2)
        assert read <= 200 + 5 * (2 * 2 + 2)
        stream.close()  # type: ignore[attr-defined]
    assert server.charged_inputs <= 200 + 5 * (2 * 2 + 2)


def test_an_async_stream(server: MisbehavingServer) -> None:
    async def texts() -> AsyncIterator[str]:
        for text in TEXTS:
            await asyncio.sleep(0)
            yield text

    async def main() -> list[str]:
        async with AsyncClient(server.url, config=ClientConfig(request_inputs=10)) as client:
            return [answer.label async for answer in client.predict_many(texts())]

    assert asyncio.run(main()) == LABELS


def test_a_cancelled_stream_leaves_no_task(server: MisbehavingServer) -> None:
    server.will(*[hangs(2)] * 20)

    async def main() -> int:
        async with AsyncClient(server.url, config=ClientConfig(request_inputs=10)) as client:
            asking = asyncio.create_task(client.predict(TEXTS))
            await asyncio.sleep(0.2)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            assert asking.cancelled()
            return len(asyncio.all_tasks())

    assert asyncio.run(main()) == 1


@pytest.mark.parametrize(
    "texts", [["fine", 7], ["fine", None], ["fine", b"bytes"], ["fine", "\ud800"], b"bytes", 7]
)
def test_what_is_no_text_is_told_before_anything_is_sent(
    server: MisbehavingServer, asker: Any, texts: Any
) -> None:
    with pytest.raises(InputError, match=r"text 1|expected a string or strings"):
        asker(server.url, request_inputs=1).predict(texts)
    assert server.seen == []


def test_a_failed_request_ends_the_batch_and_its_name_resumes_it(
    server: MisbehavingServer, asker: Any
) -> None:
    server.will(*[drops_after] * 3, *[refuses(400)])
    asking = asker(server.url, request_inputs=10, concurrency=2)
    with pytest.raises(InputError):
        asking.predict(TEXTS, idempotency_key="job-2026-11-24")
    assert len(server.charges) < 11
    told: list[Progress] = []
    answers = asking.predict(TEXTS, idempotency_key="job-2026-11-24", progress=told.append)
    assert [answer.label for answer in answers] == LABELS
    assert told[-1].replayed >= 10
    assert set(server.charges) == {
        "job-2026-11-24",
        *(f"job-2026-11-24/{number}" for number in range(1, 11)),
    }
    assert server.charged_inputs == len(TEXTS)


def test_a_name_used_for_another_batch_is_a_conflict(server: MisbehavingServer, asker: Any) -> None:
    asker(server.url).predict(["one"], idempotency_key="job")
    with pytest.raises(IdempotencyConflictError):
        asker(server.url).predict(["two"], idempotency_key="job")


def test_the_deadline_of_a_call_covers_all_its_requests(
    server: MisbehavingServer, asker: Any
) -> None:
    server.service_seconds = 0.1
    started = time.monotonic()
    with pytest.raises((ConnectionFailedError, DeadlineExceededError)):
        asker(server.url, request_inputs=1, concurrency=2).predict(TEXTS, deadline_seconds=0.5)
    assert time.monotonic() - started < 2
    assert len(server.seen) <= 12


def test_the_server_is_told_the_time_limit(server: MisbehavingServer, asker: Any) -> None:
    asker(server.url, timeout_seconds=12.5).predict("ab")
    asker(server.url, timeout_seconds=12.5).predict("ab", deadline_seconds=3)
    bodies = [request.body for request in server.seen]
    assert bodies[0] == b'{"inputs":["ab"],"top_k":1,"deadline_seconds":11.875}'
    assert bodies[1] == b'{"inputs":["ab"],"top_k":1,"deadline_seconds":2.85}'


@pytest.mark.parametrize(
    "options",
    [
        {"top_k": 0},
        {"top_k": True},
        {"top_k": 1.0},
        {"deadline_seconds": 0},
        {"deadline_seconds": float("nan")},
        {"idempotency_key": ""},
        {"idempotency_key": "a b"},
        {"idempotency_key": "a\r\nX-Evil: 1"},
        {"idempotency_key": "a/1"},
        {"idempotency_key": "k" * 181},
    ],
)
def test_wrong_options_are_told_before_anything_is_sent(
    server: MisbehavingServer, asker: Any, options: dict[str, Any]
) -> None:
    for method in ("predict", "predict_many"):
        with pytest.raises(ConfigError):
            getattr(asker(server.url), method)(["ab"], **options)
    assert server.seen == []


def test_usage_of_a_month(server: MisbehavingServer, asker: Any) -> None:
    asker(server.url).predict(["one", "two"])
    used = asker(server.url).usage("2026-11")
    assert (used.tenant, used.month, used.requests, used.inputs) == ("acme", "2026-11", 1, 2)
    assert used.costs == (Money.parse("0.5 USD"),)
    assert used.unknown_cost_inputs == 1
    assert asker(server.url).usage().month == "2026-11"
    with pytest.raises(ConfigError, match="not a month"):
        asker(server.url).usage("2026-13")
