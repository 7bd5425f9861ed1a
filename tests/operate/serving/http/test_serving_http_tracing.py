"""Spans: the caller's trace goes on, and nothing of the content is in them."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from serving_http_fakes import MemoryBooks, MemoryEngine, MemoryGate, bearer

from undercut.operate.serving.http.app import Application
from undercut.operate.serving.http.services import make_services
from undercut.operate.serving.http.tracing import OpenTelemetryTracer

trace = pytest.importorskip("opentelemetry.trace")
sdk = pytest.importorskip("opentelemetry.sdk.trace")
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(scope="module")
def spans():
    export = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    simple = pytest.importorskip("opentelemetry.sdk.trace.export")
    exporter = export.InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(simple.SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.mark.parametrize("parent", [f"00-{TRACE}-b7ad6b7169203331-01", "rubbish", None])
def test_a_span_continues_the_callers_trace(spans, parent):
    spans.clear()
    gate = MemoryGate()
    engine = MemoryEngine(fail=RuntimeError("secret words"))
    books = MemoryBooks(gate)
    app = Application(make_services(engine, gate, books, books), tracer=OpenTelemetryTracer())

    async def ask() -> None:
        headers = bearer() | ({} if parent is None else {"traceparent": parent})
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            reply = await client.post("/v1/predict", json={"inputs": "a text"}, headers=headers)
        assert reply.status_code == 500

    asyncio.run(ask())
    (span,) = spans.get_finished_spans()
    assert span.name == "undercut predict"
    told = f"{span.context.trace_id:032x}" == TRACE
    assert told is (parent is not None and TRACE in parent)
    assert span.kind is trace.SpanKind.SERVER
    assert dict(span.attributes) | {"undercut.request_id": ""} == {
        "undercut.request_id": "",
        "http.response.status_code": 500,
        "error.type": "internal_error",
    }
    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.events == ()
    assert "secret" not in span.to_json()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [({"inputs": "a"}, 200, None), ({"inputs": 5}, 422, "invalid_input")],
)
def test_a_callers_fault_is_no_error_of_the_server(spans, body, status, code):
    spans.clear()
    gate = MemoryGate()
    books = MemoryBooks(gate)
    app = Application(
        make_services(MemoryEngine(), gate, books, books), tracer=OpenTelemetryTracer()
    )

    async def ask() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            reply = await client.post("/v1/predict", json=body, headers=bearer())
        assert reply.status_code == status

    asyncio.run(ask())
    (span,) = spans.get_finished_spans()
    assert span.attributes["http.response.status_code"] == status
    assert (code is None) == ("error.type" not in span.attributes)
    assert span.status.status_code is trace.StatusCode.UNSET
