"""Bodies of every kind of wrong: a clear 4xx, never a 5xx, and nothing recorded."""

from __future__ import annotations

import asyncio
import math

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving_http_fakes import MemoryBooks, MemoryEngine, MemoryGate, bearer
from serving_http_server import serving

from undercut.operate.serving.http.app import Application
from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.log import JsonLog
from undercut.operate.serving.http.services import make_services

NOT_JSON = [
    b"",
    b"{",
    b"null x",
    b'{"inputs": "a"',
    b'{"inputs": "\xff"}',
    b'{"inputs": "\\ud800"}',
    b'{"inputs": ["\xed\xa0\x80"]}',
    b'{"inputs": "a", "deadline_seconds": NaN}',
    b'{"inputs": "a", "deadline_seconds": 1e999}',
    b'{"inputs": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b"\xef\xbb\xbf{}",
    b"inputs=a",
]
WRONG = [
    [],
    "a",
    None,
    {},
    {"inputs": None},
    {"inputs": 1},
    {"inputs": {}},
    {"inputs": []},
    {"inputs": ["a", 1]},
    {"inputs": [None]},
    {"inputs": [["a"]]},
    {"inputs": "a\0b"},
    {"inputs": "a", "top_k": 0},
    {"inputs": "a", "top_k": 1.5},
    {"inputs": "a", "top_k": True},
    {"inputs": "a", "top_k": None},
    {"inputs": "a", "top_k": 10**6},
    {"inputs": "a", "deadline_seconds": 0},
    {"inputs": "a", "deadline_seconds": -1},
    {"inputs": "a", "deadline_seconds": "1"},
    {"inputs": "a", "deadline_seconds": 1e6},
    {"inputs": "a", "topk": 2},
]


@pytest.mark.parametrize("body", NOT_JSON, ids=lambda body: repr(body[:25]))
def test_what_is_no_json_is_a_400(served, body):
    reply = served.client.post("/v1/predict", content=body, headers=bearer())
    assert reply.status_code == 400
    error = reply.json()["error"]
    assert error["code"] == "invalid_json"
    assert error["hint"]
    assert served.engine.answered_texts == len(served.books.rows) == 0


@pytest.mark.parametrize("body", WRONG, ids=repr)
def test_what_asks_for_nothing_possible_is_a_422(served, body):
    reply = served.client.post("/v1/predict", content=_dumps(body), headers=bearer())
    assert reply.status_code == 422
    assert reply.json()["error"]["code"] == "invalid_request"
    assert served.books.rows == []


def test_a_text_that_is_too_long_is_named_by_its_position():
    with serving(HttpLimits(text_characters=10)) as served:
        good = served.predict({"inputs": ["é" * 10]})
        bad = served.predict({"inputs": ["a", "b", "é" * 11]})
    assert good.status_code == 200
    assert bad.status_code == 422
    error = bad.json()["error"]
    assert error["code"] == "text_too_long"
    assert error["position"] == 2
    assert "inputs[2] has 11 characters; the limit is 10" in error["message"]


def test_too_many_texts_and_too_many_bytes_are_refused():
    with serving(HttpLimits(inputs=3, body_bytes=1000)) as served:
        many = served.predict({"inputs": ["a"] * 4})
        large = served.predict({"inputs": "a" * 1000})
        streamed = served.client.post(
            "/v1/predict", content=iter([b"a" * 400] * 5), headers=bearer()
        )
        assert served.predict({"inputs": ["a"] * 3}).status_code == 200
    assert many.json()["error"]["code"] == "too_many_inputs"
    assert large.json()["error"]["code"] == streamed.json()["error"]["code"] == "body_too_large"
    assert many.status_code == 422
    assert large.status_code == streamed.status_code == 413


def test_a_body_that_comes_in_chunks_is_read(served):
    body = orjson.dumps({"inputs": ["a" * 90_000, "b"]})
    parts = iter([body[:7], body[7:50_000], body[50_000:]])
    reply = served.client.post("/v1/predict", content=parts, headers=bearer())
    assert len(reply.json()["answers"]) == 2


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "application/xml"])
def test_other_media_are_a_415(served, kind):
    headers = {**bearer(), "Content-Type": kind}
    reply = served.client.post("/v1/predict", content=b'{"inputs": "a"}', headers=headers)
    assert reply.status_code == 415


def test_compressed_bodies_are_a_415(served):
    headers = {**bearer(), "Content-Encoding": "gzip"}
    reply = served.client.post("/v1/predict", content=b'{"inputs": "a"}', headers=headers)
    assert reply.status_code == 415


def test_curls_default_media_type_is_taken(served):
    headers = {**bearer(), "Content-Type": "application/x-www-form-urlencoded"}
    reply = served.client.post("/v1/predict", content=b'{"inputs": "a"}', headers=headers)
    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/v1/predict", 405, "POST"),
        ("DELETE", "/health/live", 405, "GET, HEAD"),
        ("PUT", "/v2/models/x/infer", 405, "POST"),
        ("GET", "/nowhere", 404, None),
        ("GET", "/v1/predict/", 404, None),
        ("GET", "/v1/%2e%2e/metrics", 404, None),
    ],
)
def test_unknown_paths_and_methods(served, method, path, status, allow):
    reply = served.client.request(method, path, headers=bearer())
    assert reply.status_code == status
    assert reply.headers.get("allow") == allow
    assert reply.json()["error"]


def test_head_answers_like_get_without_a_body(served):
    reply = served.client.head("/health/ready")
    assert reply.status_code == 200
    assert reply.content == b""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.dictionaries(
    st.sampled_from(["inputs", "top_k", "deadline_seconds", "raw_scores", "id", "outputs"])
    | st.text(),
    JSON | st.lists(st.text() | st.lists(st.text(), max_size=2), max_size=5),
    max_size=5,
)
PATHS = st.sampled_from(["/v1/predict", "/predict", "/v2/models/support/infer", "/v1/batches"])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=PATHS, body=st.binary(max_size=200) | (JSON | FIELDS).map(lambda v: _dumps(v)))
def test_no_body_makes_the_server_fail(path, body):
    status = asyncio.run(_post(path, body))
    assert status < 500


def _dumps(value: object) -> bytes:
    import json

    return json.dumps(value).encode("utf-8", "surrogatepass")


async def _post(path: str, body: bytes) -> int:
    gate = MemoryGate()
    books = MemoryBooks(gate)
    services = make_services(MemoryEngine(), gate, books, books)
    app = Application(services, log=JsonLog(requests=False))
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        reply = await client.post(path, content=body, headers=bearer())
    assert gate.open_tickets == []
    assert bool(books.rows) <= reply.is_success
    if path != "/v1/batches" or not reply.is_success:
        content = orjson.loads(reply.content)
        if not reply.is_success:
            assert content["error"]
            assert not math.isnan(reply.status_code)
    return reply.status_code
