"""Every route with every kind of caller; secrets nowhere; safe headers everywhere."""

from __future__ import annotations

import json
import socket

import pytest
from serving_http_fakes import KEYS, PLAN, bearer
from serving_http_server import serving

from undercut.core.requests import Role
from undercut.operate.serving.http.authorising import authorise
from undercut.operate.serving.http.head import Head
from undercut.operate.serving.http.openapi import openapi_document
from undercut.operate.serving.http.routes import ROUTES, Rule

DOCUMENT = openapi_document()
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
CALLERS = [None, "uc_unknown", "uc_revoked", *KEYS]
BODIES = {
    "predict": {"inputs": "a"},
    "tei_predict": {"inputs": "a"},
    "v2_infer": {"inputs": [{"name": "t", "shape": [1], "datatype": "BYTES", "data": ["a"]}]},
    "batches": "a",
}
BODIES["v2_version_infer"] = BODIES["v2_infer"]


def allowed(rule: str, key: str | None) -> int:
    """The status that a rule promises a caller who is not on this machine."""
    if rule == Rule.PUBLIC:
        return 200
    if key not in KEYS:
        return 401
    roles = KEYS[key].roles
    wanted = {Rule.PREDICT: Role.PREDICT, Rule.LOCAL_OR_ADMIN: Role.ADMIN}.get(Rule(rule))
    return 200 if wanted is None or wanted in roles else 403


@pytest.mark.parametrize("key", CALLERS, ids=str)
@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=lambda v: str(v)[:40])
def test_every_route_keeps_its_rule(served, method, path, operation, key):
    served.gate.revoked.add("uc_revoked")
    path = path.format(name=PLAN.name, version=PLAN.digest)
    headers = {"X-Forwarded-For": "203.0.113.9"} | ({} if key is None else bearer(key))
    body = BODIES.get(operation["operationId"])
    content = None if body is None else json.dumps(body)
    kind = {} if content is None else {"Content-Type": "application/json"}
    if operation["operationId"] == "batches":
        kind = {"Content-Type": "application/x-ndjson"}
    reply = served.client.request(method, path, content=content, headers=headers | kind)
    assert reply.status_code == allowed(operation["x-undercut-rule"], key)
    tenants = {row.caller.tenant for row in served.books.rows}
    assert tenants <= ({KEYS[key].tenant} if key in KEYS else set())
    if reply.status_code != 200:
        assert served.engine.answered_texts == 0
    if reply.status_code == 401:
        assert reply.headers["www-authenticate"].startswith("Bearer")


def test_the_document_has_exactly_the_routes_of_the_table():
    assert {(route.method, route.path) for route in ROUTES} == {
        (method, path) for method, path, _ in OPERATIONS
    }


def test_public_routes_are_those_and_no_others():
    public = {route.path for route in ROUTES if route.rule is Rule.PUBLIC}
    assert public == {
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/health/live",
        "/health/ready",
        "/openapi.json",
        "/docs",
    }


@pytest.mark.parametrize(
    "value", ["uc_acme_predict", "Basic uc_acme_predict", "Bearer", "Bearer é"]
)
def test_other_authorisation_is_none(served, value):
    reply = served.client.get("/v1/usage", headers={"Authorization": value.encode("latin-1")})
    assert reply.status_code == 401


def test_the_scheme_may_be_written_small_and_only_once(served):
    small = served.client.get("/v1/usage", headers={"Authorization": "bearer uc_acme_predict"})
    twice = [(b"authorization", b"Bearer uc_acme_predict")] * 2
    assert small.status_code == 200
    assert served.client.get("/v1/usage", headers=twice).status_code == 400


@pytest.mark.parametrize(
    ("client", "host", "forwarded", "local"),
    [
        ("127.0.0.1", b"localhost:8700", False, True),
        ("127.0.0.1", b"127.0.0.1:8700", False, True),
        ("::1", b"[::1]:8700", False, True),
        ("127.0.0.1", b"localhost", True, False),
        ("127.0.0.1", b"evil.example:8700", False, False),
        ("127.0.0.1", b"", False, False),
        ("10.0.0.9", b"localhost", False, False),
        ("203.0.113.9", b"127.0.0.1", False, False),
    ],
)
def test_metrics_are_open_only_on_this_machine(served, client, host, forwarded, local):
    head = Head("r", "r", host=host, forwarded=forwarded)
    scope = {"client": (client, 1)}
    if local:
        assert authorise(Rule.LOCAL_OR_ADMIN, served.gate, head, scope) is None
    else:
        with pytest.raises(Exception, match="no key"):
            authorise(Rule.LOCAL_OR_ADMIN, served.gate, head, scope)


def test_a_wrong_key_is_refused_even_on_this_machine(served):
    assert served.client.get("/metrics").status_code == 200
    assert served.client.get("/metrics", headers=bearer("uc_unknown")).status_code == 401
    assert served.client.get("/metrics", headers=bearer()).status_code == 403


SECRETS = [
    "uc_acme_predict",
    "uc_planted_key_5eba",
    "planted-text-91c7",
    "planted-failure-77d0",
    "planted-idempotency-1f",
]


def test_planted_secrets_appear_nowhere():
    """Keys, texts and the words of failures: not in errors, logs or metrics."""
    key, bad_key, text, failure, idempotency = SECRETS
    seen = b""
    with serving() as served:
        headers = {**bearer(key), "Idempotency-Key": idempotency}
        for body in (
            json.dumps({"inputs": text, "deadline_seconds": "x"}),
            json.dumps({"inputs": [text, 5]}),
            json.dumps({"inputs": text + "\0"}),
            '{"inputs": "' + text,
            json.dumps({"inputs": text * 20_000}),
        ):
            for path in ("/v1/predict", "/predict", "/v1/batches"):
                reply = served.client.post(path, content=body, headers=headers)
                seen += reply.content + str(reply.headers).encode()
        served.engine.fail = RuntimeError(f"{failure} {text}")
        seen += served.predict({"inputs": text}).content
        served.engine.fail = None
        seen += served.client.get("/v1/usage", headers=bearer(bad_key)).content
        seen += served.client.get(f"/v1/usage?{bad_key}", headers=bearer()).content
        seen += served.client.get(f"/{bad_key}").content
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.sendall(f"nonsense {bad_key}\r\n\r\n".encode())
            seen += connection.recv(65536)
        seen += served.client.get("/metrics").content
    seen += served.log.getvalue()
    assert b'"event":"defect"' in served.log.getvalue()
    assert b'"event":"request"' in served.log.getvalue()
    for secret in SECRETS:
        assert secret.encode() not in seen, secret


def test_every_response_has_safe_headers(served):
    for path in ("/v1/predict", "/docs", "/openapi.json", "/nowhere", "/metrics", "/health/live"):
        headers = served.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers
        assert headers["x-request-id"]


def test_docs_need_no_script_and_no_other_host(served):
    page = served.client.get("/docs").text
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert "'unsafe" not in served.client.get("/docs").headers["content-security-policy"]
    for _, path, _ in OPERATIONS:
        assert path in page
