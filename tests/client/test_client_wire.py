"""Splitting, replies, refusals: the parts that need no server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.client.calls import predict_call
from undercut.client.refusals import refusal
from undercut.client.replies import Reply, read_predictions
from undercut.client.splitting import split
from undercut.core.errors import ConfigError, ConnectionFailedError, UndercutError


@given(
    texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=60),
    inputs=st.integers(1, 20),
    limit_bytes=st.integers(1, 120),
)
def test_splitting_loses_nothing_and_keeps_the_bounds(
    texts: list[str], inputs: int, limit_bytes: int
) -> None:
    parts = list(split(texts, inputs=inputs, limit_bytes=limit_bytes))
    assert [json.loads(one) for part in parts for one in part] == texts
    for number, part in enumerate(parts):
        size = sum(len(one) + 1 for one in part)
        assert 1 <= len(part) <= inputs
        assert size <= limit_bytes or len(part) == 1
        if part is not parts[-1]:  # none is cut short without need
            assert len(part) == inputs or size + len(parts[number + 1][0]) + 1 > limit_bytes


@given(
    texts=st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=5),
    top_k=st.integers(1, 9),
)
def test_a_request_is_the_json_it_claims_to_be(texts: list[str], top_k: int) -> None:
    encoded = next(split(texts, inputs=99, limit_bytes=10**6))
    body = predict_call(encoded, top_k=top_k, attempt_seconds=30.0, key=None).body
    assert body is not None
    assert json.loads(body) == {"inputs": texts, "top_k": top_k, "deadline_seconds": 28.5}


@given(status=st.integers(201, 599), body=st.binary(max_size=300), after=st.text(max_size=20))
def test_no_reply_is_too_strange_to_be_an_error(status: int, body: bytes, after: str) -> None:
    failure = refusal(Reply(status, {"retry-after": after}, body))
    assert isinstance(failure.error, UndercutError)
    assert failure.wait_seconds is None or failure.wait_seconds >= 0


@given(
    error=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["error", "code", "message", "retry_after_seconds", "hint"]), inner
            )
        ),
    )
)
def test_no_error_object_is_too_strange(error: Any) -> None:
    failure = refusal(Reply(503, {}, json.dumps({"error": error}).encode()))
    assert failure.again
    assert failure.wait_seconds is None or failure.wait_seconds >= 0


@given(body=st.binary(max_size=300) | st.just(b"[" * 100_000) | st.just(b'{"answers":' * 5_000))
def test_no_body_is_taken_for_an_answer(body: bytes) -> None:
    with pytest.raises(ConnectionFailedError, match="not an answer"):
        read_predictions(Reply(200, {}, body), inputs=1, top_k=1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12"}, 12),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
        # The server's clock is years off; the difference is what it means.
        (
            {
                "retry-after": "Sun, 06 Nov 1994 08:49:37 GMT",
                "date": "Sun, 06 Nov 1994 08:49:07 GMT",
            },
            30,
        ),
        (
            {
                "retry-after": "Sun, 06 Nov 1994 08:49:07 GMT",
                "date": "Sun, 06 Nov 1994 08:49:37 GMT",
            },
            0,
        ),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}, None),
    ],
)
def test_retry_after_as_the_standard_writes_it(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert refusal(Reply(503, headers, b"")).wait_seconds == seconds


def test_the_body_may_be_more_exact_than_the_header() -> None:
    error = {"error": {"code": "overloaded", "message": "busy", "retry_after_seconds": 0.25}}
    reply = Reply(503, {"retry-after": "1"}, json.dumps(error).encode())
    assert refusal(reply).wait_seconds == 0.25


def _answer(**changes: Any) -> bytes:
    answer = {
        "request_id": "r1",
        "plan": {"name": "tiny", "digest": "d"},
        "answers": [{"label": "a", "confidence": 0.5, "stage": "s", "cost": None}],
        "usage": {"inputs": 1, "tokens": 1, "stages": {"s": 1}, "cost": None},
    }
    return json.dumps(answer | changes).encode()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"answers": []}, "0 answers to 1 texts"),
        ({"answers": None}, "answers"),
        ({"plan": {"name": "tiny"}}, "plan.digest"),
        ({"answers": [{"label": 7, "confidence": 0.5, "stage": "s"}]}, "answers.0.label"),
        (
            {
                "answers": [
                    {
                        "label": "a",
                        "confidence": 1,
                        "stage": "s",
                        "cost": {"amount": "NaN", "currency": "USD"},
                    }
                ]
            },
            "finite",
        ),
        ({"usage": {"inputs": 1, "tokens": -1}}, "usage.tokens"),
    ],
)
def test_an_answer_that_breaks_the_contract_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ConnectionFailedError, match=told):
        read_predictions(Reply(200, {}, _answer(**changes)), inputs=1, top_k=1)


def test_unknown_cost_is_none_and_new_fields_are_left_alone() -> None:
    batch = read_predictions(Reply(200, {}, _answer(novelty=[1])), inputs=1, top_k=1)
    assert batch.cost is None
    assert batch.answers[0].cost is None
    assert not batch.replayed


def test_a_missing_list_of_classes_is_refused() -> None:
    with pytest.raises(ConnectionFailedError, match="likeliest 2"):
        read_predictions(Reply(200, {}, _answer()), inputs=1, top_k=2)


def test_a_redirect_says_where_to() -> None:
    error = refusal(Reply(308, {"location": "https://elsewhere"}, b"")).error
    assert isinstance(error, ConfigError)
    assert "https://elsewhere" in error.message
