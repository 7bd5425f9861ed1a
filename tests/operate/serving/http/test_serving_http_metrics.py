"""/metrics read by Prometheus' own parser; logs read as JSON."""

from __future__ import annotations

import json

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families
from serving_http_fakes import bearer
from serving_http_server import serving

from undercut.operate.serving.http.app import Application
from undercut.operate.serving.http.figures import Figure
from undercut.operate.serving.http.services import make_services


def samples(text: str, parse=text_string_to_metric_families) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in parse(text)
        for sample in family.samples
    }


def test_figures_add_up_and_both_formats_are_valid(served):
    for texts in (["a"], ["a", "bb", "ccc"]):
        assert served.predict({"inputs": texts}).is_success
    served.predict({"inputs": 5})
    served.predict({"inputs": "a"}, **{"Idempotency-Key": "k"})
    served.predict({"inputs": "a"}, **{"Idempotency-Key": "k"})
    found = samples(served.client.get("/metrics").text)
    assert found["undercut_http_requests_total", "predict", "200"] == 4
    assert found["undercut_http_requests_total", "predict", "422"] == 1
    assert found["undercut_refusals_total", "invalid_request"] == 1
    assert found["undercut_inputs_total",] == 5
    assert found["undercut_replays_total",] == 1
    assert found["undercut_stage_answers_total", "large"] == 4
    assert found["undercut_stage_fraction", "large"] == 0.8
    assert found["undercut_http_request_seconds_count", "predict"] == 5
    assert found["undercut_request_inputs_sum",] == 5
    assert found["undercut_request_inputs_bucket", "1.0"] == 2
    assert found["undercut_books_commit_seconds_count",] == 3
    assert abs(found["undercut_own_cost_per_million_inputs", "USD"] - 1.2) < 1e-9
    assert found["undercut_ready",] == 1
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    reply = served.client.get("/metrics", headers=accept)
    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    assert samples(reply.text, openmetrics_families)["undercut_inputs_total",] == 5


def test_figures_of_other_rooms_are_shown(served):
    def engine_figures():
        yield Figure("queue_texts", "Texts that wait.", 3, labels={"stage": "small"})
        yield Figure("queue_texts", "Texts that wait.", 5, labels={"stage": "large"})
        yield Figure("engine_batches", "Batches run.", 7, "counter")

    old = served.app.services
    services = make_services(old.engine, old.gate, old.books, old.usage, figures=(engine_figures,))
    services.readiness.started = True
    import asyncio

    import httpx

    async def scrape() -> str:
        transport = httpx.ASGITransport(Application(services), client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.get("/metrics")).text

    found = samples(asyncio.run(scrape()))
    assert found["undercut_queue_texts", "small"] == 3
    assert found["undercut_queue_texts", "large"] == 5
    assert found["undercut_engine_batches_total",] == 7


def test_log_lines_are_json_with_request_ids_and_no_texts():
    with serving() as served:
        reply = served.predict({"inputs": ["where is my card", "b"]}, **{"X-Request-Id": "abc"})
        served.client.get("/nowhere", headers=bearer())
        assert reply.is_success
    lines = [json.loads(line) for line in served.log.getvalue().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert requests[0]["request_id"] == "abc"
    assert requests[0]["inputs"] == 2
    assert requests[0]["status"] == 200
    assert requests[0]["milliseconds"] > 0
    assert requests[1]["code"] == "not_found"
    assert [line["event"] for line in lines if line["event"] != "request"] == [
        "ready",
        "draining",
        "closed",
    ]
    assert b"card" not in served.log.getvalue()
