"""`undercut serve` as a process: a real plan, keys, books, signals; and what it refuses."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from undercut.core.artefacts import write_manifest
from undercut.core.errors import ArtefactError, ConfigError
from undercut.core.requests import Role
from undercut.models.plan import PLAN_KIND, PlanDescription
from undercut.models.plan_cost import PlanCost
from undercut.operate.metering.deployments import Deployment, append_deployment
from undercut.operate.metering.key_rows import KeyTerms, create_key
from undercut.runs.books import open_books_here
from undercut.runs.serving import serve
from undercut.runs.serving_config import ServeConfig, check_exposure

SOURCE = Path(__file__).parents[2] / "src"
# Plans made by hand stand in the room that serves them.
sys.path.append(str(Path(__file__).parents[1] / "operate"))

NOW = datetime.now(UTC)


MakePlan = Callable[..., Path]


@pytest.fixture
def make_plan(tmp_path: Path) -> MakePlan:
    """make_plan(name=..., cost=True): a plan folder of two stages."""
    from test_operate_batch_prediction import make_plan as by_hand

    def make(*, name: str = "support", cost: bool = True) -> Path:
        folder = by_hand(tmp_path / name)
        description = PlanDescription.model_validate_json((folder / "plan.json").read_bytes())
        price = PlanCost(
            currency="USD",
            per_million_answers={"first": Decimal("0.5"), "second": Decimal(2)},
            host="test",
            measured="2026-01-01",
            threads=1,
        )
        changed = description.model_copy(update={"name": name, "cost": price if cost else None})
        (folder / "plan.json").write_text(changed.model_dump_json(), encoding="utf-8")
        write_manifest(folder, kind=PLAN_KIND)
        return folder

    return make


@pytest.fixture
def books(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'books.sqlite'}"


def new_key(url: str, tenant: str, **terms: object) -> str:
    with open_books_here(url) as opened:
        made = opened.write(
            lambda connection: create_key(connection, tenant, KeyTerms(**terms), NOW)  # type: ignore[arg-type]
        )
    return made.secret


@contextmanager
def served(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[bytes], Callable[[], bytes]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "undercut", "serve", *arguments, "--port", str(port)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(SOURCE)}
    )
    assert process.stderr is not None
    seen: list[bytes] = []
    try:
        for line in process.stderr:
            seen.append(line)
            if b'"event":"ready"' in line:
                break
        else:
            raise AssertionError(b"".join(seen).decode())

        def rest() -> bytes:
            process.send_signal(signal.SIGTERM)
            return b"".join(seen) + process.communicate(timeout=20)[1]

        yield f"http://127.0.0.1:{port}", process, rest
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


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


def deploy(books: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "undercut", "deploy", *arguments, "--books", books],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        timeout=60,
    )


def test_the_deploy_command_is_followed_and_told(make_plan: MakePlan, books: str) -> None:
    old, new = make_plan(name="old"), make_plan(name="new")
    with served(str(old), "--books", books, "--workers", "0", "--no-keys") as (url, _, stop):
        tried = deploy(books, str(new), "--canary", "25%", "--note", "a try", "--json")
        assert tried.returncode == 0, tried.stderr
        answer = json.loads(tried.stdout)
        assert (answer["action"], answer["outcome"]["action"]) == ("canary", "canary_started")
        seen = {_plan(url) for _ in range(60)}
        assert seen == {"old", "new"}

        promoted = deploy(books, "--promote")
        assert "promoted" in promoted.stdout
        assert _plan(url) == "new"

        back = deploy(books, "--rollback")
        assert back.returncode == 0, back.stderr
        assert _plan(url) == "old"
        stop()
    rows = json.loads(deploy(books, "--history", "--json").stdout)
    orders = [row["action"] for row in rows if row["action"] in {"canary", "promote", "rollback"}]
    assert orders == ["canary", "promote", "rollback"]
    assert rows[1]["note"] == "a try"
    shown = deploy(books, "--history")
    assert "canary" in shown.stdout
    assert "25%" in shown.stdout


def test_deploy_refuses_what_is_no_plan_and_what_contradicts(
    make_plan: MakePlan, books: str, tmp_path: Path
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
        refused = deploy(books, *arguments)
        assert (refused.returncode, words in refused.stderr) == (code, True), refused
        assert "Traceback" not in refused.stderr
    assert json.loads(deploy(books, "--history", "--json").stdout) == []


def test_an_order_without_a_server_waits_in_the_books(make_plan: MakePlan, books: str) -> None:
    new = make_plan(name="new")
    given = deploy(books, str(new), "--wait", "0")
    assert given.returncode == 0, given.stderr
    assert "no server has followed it yet" in given.stdout
    old = make_plan(name="old")
    with served(str(old), "--books", books, "--workers", "0", "--no-keys") as (url, _, stop):
        until = time.monotonic() + 10
        while _plan(url) != "new":
            assert time.monotonic() < until, stop().decode()
            time.sleep(0.1)
        stop()
