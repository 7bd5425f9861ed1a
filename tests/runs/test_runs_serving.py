"""`undercut serve` as a process: a real plan, keys, books, signals; and what it refuses."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from serving_process import new_key, plan_folder, served

from undercut.cli.main import run_command_line
from undercut.core.errors import ArtefactError, ConfigError
from undercut.core.requests import Role
from undercut.operate.metering.deployments import Deployment, append_deployment
from undercut.runs.books import open_books_here
from undercut.runs.serving import serve
from undercut.runs.serving_config import ServeConfig, check_exposure

MakePlan = Callable[..., Path]


@pytest.fixture
def make_plan(tmp_path: Path) -> MakePlan:
    """make_plan(name=..., cost=True): a plan folder of two stages."""

    def make(*, name: str = "support", cost: bool = True) -> Path:
        return plan_folder(tmp_path / name, cost=cost)

    return make


@pytest.fixture
def books(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'books.sqlite'}"


def test_a_plan_keys_and_books_become_a_server(make_plan: MakePlan, books: str) -> None:
    plan = make_plan(name="support")
    key = new_key(books, "acme", monthly_inputs=5)
    other = new_key(books, "other")
    admin = new_key(books, "ops", roles=frozenset({Role.ADMIN}))
    with served(str(plan), "--books", books, "--workers", "0") as (url, process, stop):
        with httpx.Client(base_url=url, trust_env=False) as client:
            mine = {"Authorization": f"Bearer {key}"}
            body = {"inputs": ["where is my card?", "I lost it"], "top_k": 2}
            asked = {**mine, "Idempotency-Key": "order-1"}
            first = client.post("/v1/predict", json=body, headers=asked)
            again = client.post("/v1/predict", json=body, headers=asked)
            other_body = client.post("/v1/predict", json={"inputs": "x"}, headers=asked)
            too_many = client.post("/v1/predict", json={"inputs": ["x"] * 4}, headers=mine)
            batch = client.post("/v1/batches", content=b'"a"\n{"text": "b"}\n{', headers=mine)
            tei = client.post(
                "/predict", json={"inputs": "x"}, headers={"Authorization": f"Bearer {other}"}
            )
            usage = client.get("/v1/usage", headers=mine).json()
            metrics = client.get("/metrics", headers={"Authorization": f"Bearer {admin}"}).text
            nobody = client.post("/v1/predict", json=body)
        log = stop()
        assert process.returncode == 0
    assert first.status_code == 200, first.text
    assert first.json()["plan"]["name"] == plan.name
    assert float(first.json()["usage"]["cost"]["amount"]) > 0
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert other_body.status_code == 409
    assert too_many.status_code == 429
    assert int(too_many.headers["retry-after"]) > 0
    lines = [json.loads(line) for line in batch.content.splitlines()]
    assert lines[2]["error"]["code"] == "invalid_json"
    assert lines[-1]["summary"]["usage"]["inputs"] == 2
    assert len(tei.json()) == 2
    assert (usage["tenant"], usage["requests"], usage["inputs"]) == ("acme", 2, 4)
    assert usage["unknown_cost_inputs"] == 0
    assert sum(usage["stages"].values()) == 4
    assert nobody.status_code == 401
    assert "undercut_stage_batches_total" in metrics
    for secret in (key, other, admin, "where is my card"):
        assert secret.encode() not in log
        assert secret not in metrics


def test_books_keep_what_was_answered_over_a_restart(make_plan: MakePlan, books: str) -> None:
    plan = make_plan()
    key = new_key(books, "acme")
    asked = {"Authorization": f"Bearer {key}", "Idempotency-Key": "order-1"}
    bodies = []
    for _ in range(2):
        with served(str(plan), "--books", books, "--workers", "0", "-q") as (url, process, stop):
            reply = httpx.post(
                f"{url}/v1/predict", json={"inputs": "a"}, headers=asked, trust_env=False
            )
            bodies.append(reply.content)
            stop()
            assert process.returncode == 0
    assert bodies[0] == bodies[1]
    assert reply.headers["idempotency-replayed"] == "true"


def test_a_deployment_in_the_books_is_followed(make_plan: MakePlan, books: str) -> None:
    old, new = make_plan(name="old"), make_plan(name="new", cost=False)
    arguments = (str(old), "--books", books, "--workers", "0", "--no-keys")
    with served(*arguments) as (url, _, stop), open_books_here(books) as opened:
        assert _plan(url) == old.name
        row = Deployment(datetime.now(UTC), "deploy", str(new), "", actor="test")
        opened.write(lambda connection: append_deployment(connection, row))
        until = time.monotonic() + 10
        while _plan(url) != new.name:
            assert time.monotonic() < until, stop().decode()
            time.sleep(0.1)
        stop()


def _plan(url: str) -> str:
    reply = httpx.post(f"{url}/v1/predict", json={"inputs": "a"}, trust_env=False)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["plan"]["name"])


def test_without_keys_everybody_on_this_machine_is_one_tenant(
    make_plan: MakePlan, books: str
) -> None:
    arguments = (str(make_plan()), "--books", books, "--workers", "0", "--no-keys")
    with (
        served(*arguments) as (url, _, stop),
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        assert client.post("/v1/predict", json={"inputs": ["a", "b"]}).status_code == 200
        usage = client.get("/v1/usage").json()
        wrong = client.get("/v1/usage", headers={"Authorization": "Bearer uc_wrong"})
        assert client.get("/metrics").status_code == 200
        stop()
    assert (usage["tenant"], usage["inputs"]) == ("local", 2)
    assert wrong.status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_strangers_without_keys_need_a_flag(host: str) -> None:
    with pytest.raises(ConfigError, match="answer everybody"):
        check_exposure(ServeConfig(plan="p", host=host, keys=False))
    check_exposure(ServeConfig(plan="p", host=host, keys=False, expose=True))
    check_exposure(ServeConfig(plan="p", host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_without_keys_needs_none(host: str) -> None:
    check_exposure(ServeConfig(plan="p", host=host, keys=False))


def test_no_plan_and_a_port_in_use_are_told(
    make_plan: MakePlan, books: str, tmp_path: Path
) -> None:
    with pytest.raises(ArtefactError):
        serve(ServeConfig(plan=str(tmp_path / "nowhere"), port=0, books=books, workers=0))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match="cannot listen"):
            serve(ServeConfig(plan=str(make_plan()), port=port, books=books, workers=0))


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def deploy(capsys: pytest.CaptureFixture[str], books: str) -> Callable[..., Ran]:
    """deploy(*arguments): `undercut deploy`, in this process."""

    def command(*arguments: str) -> Ran:
        code = run_command_line(["deploy", *arguments, "--books", books])
        return Ran(code, *capsys.readouterr())

    return command


def test_the_deploy_command_is_followed_and_told(
    make_plan: MakePlan, books: str, deploy: Callable[..., Ran]
) -> None:
    old, new = make_plan(name="old"), make_plan(name="new")
    with served(str(old), "--books", books, "--workers", "0", "--no-keys") as (url, _, stop):
        tried = deploy(str(new), "--canary", "25%", "--note", "a try", "--json")
        assert tried.returncode == 0, tried.stderr
        answer = json.loads(tried.stdout)
        assert (answer["action"], answer["outcome"]["action"]) == ("canary", "canary_started")
        seen = {_plan(url) for _ in range(60)}
        assert seen == {"old", "new"}

        promoted = deploy("--promote")
        assert "promoted" in promoted.stdout
        assert _plan(url) == "new"

        back = deploy("--rollback")
        assert back.returncode == 0, back.stderr
        assert _plan(url) == "old"
        stop()
    rows = json.loads(deploy("--history", "--json").stdout)
    orders = [row["action"] for row in rows if row["action"] in {"canary", "promote", "rollback"}]
    assert orders == ["canary", "promote", "rollback"]
    assert rows[1]["note"] == "a try"
    shown = deploy("--history")
    assert "canary" in shown.stdout
    assert "25%" in shown.stdout


def test_deploy_refuses_what_is_no_plan_and_what_contradicts(
    make_plan: MakePlan, deploy: Callable[..., Ran], tmp_path: Path
) -> None:
    broken = make_plan(name="broken")
    (broken / "plan.json").write_text("{}", encoding="utf-8")
    for arguments, code, words in (
        ((str(tmp_path / "nowhere"),), 6, "plan.json"),
        ((str(broken),), 6, "broken"),
        ((), 2, "--promote"),
        ((str(broken), "--promote"), 2, "--promote"),
        ((str(broken), "--canary", "10%", "--shadow"), 2, "exclude"),
        ((str(make_plan(name="good")), "--canary", "200%"), 2, "100%"),
    ):
        refused = deploy(*arguments)
        assert (refused.returncode, words in refused.stderr) == (code, True), refused
        assert "Traceback" not in refused.stderr
    assert json.loads(deploy("--history", "--json").stdout) == []


def test_an_order_without_a_server_waits_in_the_books(
    make_plan: MakePlan, books: str, deploy: Callable[..., Ran]
) -> None:
    new = make_plan(name="new")
    given = deploy(str(new), "--wait", "0")
    assert given.returncode == 0, given.stderr
    assert "no server has followed it yet" in given.stdout
    old = make_plan(name="old")
    with served(str(old), "--books", books, "--workers", "0", "--no-keys") as (url, _, stop):
        until = time.monotonic() + 10
        while _plan(url) != "new":
            assert time.monotonic() < until, stop().decode()
            time.sleep(0.1)
        stop()


def test_spans_leave_the_process(
    make_plan: MakePlan, books: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collector that speaks OTLP over HTTP gets them, with the caller's trace; no text is in."""
    service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    bodies: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            bodies.append(self.rfile.read(length))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        monkeypatch.setenv(
            "OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}"
        )
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        arguments = (str(make_plan()), "--books", books, "--workers", "0", "--no-keys")
        with served(*arguments, "--tracing") as (url, process, stop):
            reply = httpx.post(
                f"{url}/v1/predict",
                json={"inputs": "planted-text-31"},
                headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"},
                trust_env=False,
            )
            stop()
            assert process.returncode == 0
        collector.shutdown()
    sent = [service.ExportTraceServiceRequest.FromString(body) for body in bodies]
    resources = [one for request in sent for one in request.resource_spans]
    names = {fact.key: fact.value.string_value for fact in resources[0].resource.attributes}
    assert names["service.name"] == "undercut"
    spans = [span for one in resources for scope in one.scope_spans for span in scope.spans]
    (span,) = [span for span in spans if span.name == "undercut predict"]
    assert span.trace_id.hex() == trace_id
    facts = {fact.key: fact.value for fact in span.attributes}
    assert facts["undercut.request_id"].string_value == reply.json()["request_id"]
    assert facts["http.response.status_code"].int_value == 200
    assert not any(b"planted-text" in body for body in bodies)
