"""/v1/predict over a real socket: answers, ids, idempotency, and what is given back when not."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from serving_http_fakes import EACH, PLAN, bearer, label_of

from undercut.core.errors import DeadlineExceededError, OverloadedError


def test_one_text_is_answered_and_recorded(served):
    reply = served.predict({"inputs": "where is my card?"})
    assert reply.status_code == 200
    body = reply.json()
    assert body["plan"] == {"name": PLAN.name, "digest": PLAN.digest}
    (answer,) = body["answers"]
    assert answer["label"] == label_of("where is my card?")
    assert "top" not in answer
    assert answer["cost"] == {"amount": "0.0000012", "currency": "USD"}
    assert body["usage"]["inputs"] == 1
    (row,) = served.books.rows
    assert row.request_id == body["request_id"] == reply.headers["x-request-id"]
    assert (row.caller.tenant, row.plan, row.inputs, row.cost) == ("acme", PLAN.digest, 1, EACH)
    assert row.answered_at.tzinfo is not None
    assert row.answer == reply.content


def test_many_texts_keep_their_order(served):
    texts = [f"text {number}" for number in range(50)]
    body = served.predict({"inputs": texts, "top_k": 2}).json()
    assert [answer["label"] for answer in body["answers"]] == [label_of(text) for text in texts]
    assert all(len(answer["top"]) == 2 for answer in body["answers"])
    assert body["usage"]["cost"]["amount"] == "0.00006"
    assert sum(body["usage"]["stages"].values()) == 50


def test_an_unknown_cost_is_null(served):
    engine = served.engine
    original = engine.answer

    async def without_cost(texts, **settings):
        answered = await original(texts, **settings)
        from dataclasses import replace

        answers = tuple(replace(answer, cost=None) for answer in answered.answers)
        return replace(answered, answers=answers, cost=None)

    engine.answer = without_cost
    body = served.predict({"inputs": "a"}).json()
    assert body["answers"][0]["cost"] is None
    assert body["usage"]["cost"] is None
    assert served.app.services.counters.unknown_cost_inputs == 1


@pytest.mark.parametrize("given", ["abc-1", "A" * 128, "a/b:c@d=e+f~g._-"])
def test_a_safe_request_id_is_echoed_and_stays_unique_in_the_books(served, given):
    replies = [served.predict({"inputs": "a"}, **{"X-Request-Id": given}) for _ in range(2)]
    assert [reply.headers["x-request-id"] for reply in replies] == [given, given]
    ids = {row.request_id for row in served.books.rows}
    assert len(ids) == 2
    assert all(found.startswith(f"{given}.") for found in ids)


@pytest.mark.parametrize("given", ["A" * 129, "a b", "a\tb", 'a"b', "a;b", "<script>", "é"])
def test_an_unsafe_request_id_is_replaced(served, given):
    reply = served.client.post(
        "/v1/predict",
        json={"inputs": "a"},
        headers={**bearer(), "X-Request-Id": given.encode("latin-1")},
    )
    assert reply.status_code == 200
    assert reply.headers["x-request-id"] != given
    assert given.encode() not in reply.content


def test_a_repeat_gets_the_first_answer_and_costs_nothing(served):
    first = served.predict({"inputs": "a"}, **{"Idempotency-Key": "order-1"})
    again = served.predict({"inputs": "a"}, **{"Idempotency-Key": "order-1"})
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len(served.books.rows) == 1
    assert served.gate.released == 1
    assert served.engine.routes == ["order-1"]


def test_the_same_key_with_another_body_or_route_is_a_conflict(served):
    key = {**bearer(), "Idempotency-Key": "order-1"}
    assert served.client.post("/v1/predict", json={"inputs": "a"}, headers=key).is_success
    other_body = served.client.post("/v1/predict", json={"inputs": "b"}, headers=key)
    other_route = served.client.post("/predict", json={"inputs": "a"}, headers=key)
    assert other_body.status_code == other_route.status_code == 409
    assert other_body.json()["error"]["code"] == "idempotency_conflict"
    assert len(served.books.rows) == 1


def test_tenants_do_not_share_idempotency_keys(served):
    for key in ("uc_acme_predict", "uc_other_predict"):
        reply = served.client.post(
            "/v1/predict",
            json={"inputs": "a"},
            headers={**bearer(key), "Idempotency-Key": "order-1"},
        )
        assert "idempotency-replayed" not in reply.headers
    assert [row.caller.tenant for row in served.books.rows] == ["acme", "other"]


def test_repeats_at_the_same_time_are_answered_once(served):
    release = served.hold()
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(served.predict, {"inputs": "a"}, **{"Idempotency-Key": "order-1"})
            for _ in range(8)
        ]
        served.wait_until(lambda: served.app.services.capacity.requests == 8)
        release()
        replies = [future.result() for future in asked]
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.content for reply in replies}) == 1
    assert sum("idempotency-replayed" in reply.headers for reply in replies) == 7
    assert served.engine.answered_texts == 1
    assert len(served.books.rows) == 1


def test_a_repeat_gets_its_answer_even_where_it_used_up_the_quota(served):
    served.gate.quota["acme"] = 1
    first = served.predict({"inputs": "a"}, **{"Idempotency-Key": "last"})
    again = served.predict({"inputs": "a"}, **{"Idempotency-Key": "last"})
    new = served.predict({"inputs": "a"}, **{"Idempotency-Key": "next"})
    assert again.content == first.content
    assert new.status_code == 429
    assert new.headers["retry-after"] == "120"
    assert new.json()["error"]["retry_after_seconds"] == 120


@pytest.mark.parametrize("key", ["", "a b", "k" * 201, "ü"])
def test_an_unusable_idempotency_key_is_refused(served, key):
    headers = {**bearer(), "Idempotency-Key": key.encode("latin-1")}
    reply = served.client.post("/v1/predict", json={"inputs": "a"}, headers=headers)
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "invalid_idempotency_key"
    assert served.books.rows == []


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OverloadedError("full", retry_after_seconds=0.2), 503, "overloaded"),
        (DeadlineExceededError("late"), 504, "deadline_exceeded"),
        (RuntimeError("uc_secret in the words"), 500, "internal_error"),
        (MemoryError(), 500, "internal_error"),
    ],
)
def test_an_engine_that_fails_charges_nothing(served, error, status, code):
    served.engine.fail = error
    served.gate.quota["acme"] = 5
    reply = served.predict({"inputs": ["a", "b"]})
    assert reply.status_code == status
    assert reply.json()["error"]["code"] == code
    assert reply.json()["error"]["request_id"] == reply.headers["x-request-id"]
    assert b"uc_secret" not in reply.content
    assert served.gate.quota["acme"] == 5
    assert served.books.rows == []
    served.engine.fail = None
    assert served.predict({"inputs": "a"}).status_code == 200


def test_no_answer_goes_out_that_cannot_be_recorded(served):
    served.gate.quota["acme"] = 5
    served.books.down = True
    reply = served.predict({"inputs": "a"})
    assert reply.status_code == 503
    assert reply.json()["error"]["code"] == "books_unavailable"
    assert reply.headers["retry-after"] == "2"
    assert "label" not in reply.text
    assert served.gate.quota["acme"] == 5
    served.books.down = False
    assert served.predict({"inputs": "a"}).status_code == 200


def test_a_deadline_that_passes_is_a_504(served):
    served.engine.delay_seconds = 0.2
    reply = served.predict({"inputs": "a", "deadline_seconds": 0.05})
    assert reply.status_code == 504
    assert served.books.rows == []


def test_an_engine_that_ignores_the_deadline_is_not_waited_for(served):
    served.hold()
    started = time.monotonic()
    reply = served.predict({"inputs": "a", "deadline_seconds": 0.05})
    assert reply.status_code == 504
    assert time.monotonic() - started < 5


def test_a_client_that_hangs_up_is_not_charged(served):
    served.hold()
    body = orjson.dumps({"inputs": "a"})
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        head = (
            "POST /v1/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer uc_acme_predict\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        served.wait_until(lambda: served.engine.at_work == 1)
    served.wait_until(lambda: served.gate.released == 1)
    assert served.gate.open_tickets == []
    assert served.books.rows == []
    served.wait_until(lambda: served.app.services.counters.disconnects == 1)
    served.engine.hold = None
    assert served.predict({"inputs": "a"}).status_code == 200


def test_a_client_that_hangs_up_while_it_is_recorded_leaves_one_row(served):
    served.books.delay_seconds = 0.2
    body = orjson.dumps({"inputs": "a"})
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        head = (
            "POST /v1/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer uc_acme_predict\r\n"
            f"Idempotency-Key: k\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        served.wait_until(lambda: served.engine.answered_texts == 1)
    served.wait_until(lambda: len(served.books.rows) == 1)
    again = served.client.post(
        "/v1/predict", content=body, headers={**bearer(), "Idempotency-Key": "k"}
    )
    assert again.headers["idempotency-replayed"] == "true"
    assert len(served.books.rows) == 1
