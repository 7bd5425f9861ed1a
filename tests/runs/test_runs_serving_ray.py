"""The application on a local Ray cluster of two workers, books in a real PostgreSQL server."""

from __future__ import annotations

import csv
import os
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from undercut.client import Client, ClientConfig, Progress

HERE = Path(__file__).parent
# The server for tests of the books, and a plan made by hand, stand in their own rooms' folders.
for _folder in (HERE.parent / "operate", HERE.parent / "operate" / "metering"):
    sys.path.append(str(_folder))

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.slow

REQUESTS = 400
INPUTS = 16


def questions(count: int) -> list[str]:
    source = files("undercut") / "assets" / "banking77" / "test.csv"
    with source.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    return (texts * (count // len(texts) + 1))[:count]


@pytest.fixture(scope="module")
def books_url() -> Iterator[str]:
    from metering_postgres import PostgresServer, binaries

    if binaries() is None:
        pytest.skip("no PostgreSQL server is installed: neither initdb nor pg_ctl was found")
    server = PostgresServer()
    try:
        yield server.database()
    finally:
        server.remove()


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A head without cores and two workers of one core each."""
    from ray.cluster_utils import Cluster

    # Nodes are processes of this machine: they must find this very package.
    paths = [str(HERE.parents[1] / "src"), os.environ.get("PYTHONPATH", "")]
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    made = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False, "object_store_memory": 10**8},
    )
    try:
        for _ in range(2):
            made.add_node(num_cpus=1, object_store_memory=10**8)
        yield made.address
    finally:
        ray.shutdown()
        made.shutdown()
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def test_two_workers_answer_and_a_killed_one_loses_and_doubles_nothing(
    cluster: str, books_url: str, tmp_path: Path
) -> None:
    from sqlalchemy import select
    from test_operate_batch_prediction import make_plan

    from undercut.models.plan import load_plan
    from undercut.operate.metering.books import open_books
    from undercut.operate.metering.key_rows import KeyTerms, create_key
    from undercut.operate.metering.schema import requests
    from undercut.runs.serving_config import ServeConfig
    from undercut.runs.serving_ray import RayServing, replica_config, start_on_ray, stop_on_ray

    plan = make_plan(tmp_path / "plan")
    texts = questions(REQUESTS * INPUTS)
    with open_books(books_url) as books:
        key = books.write(
            lambda connection: create_key(connection, "acme", KeyTerms(), datetime.now(UTC))
        )
        served = replica_config(ServeConfig(plan=str(plan), books=books_url))
        config = RayServing(address=cluster, port=_free_port(), replicas=2, per_node=1)
        start_on_ray({"config": served.model_dump_json()}, config)
        url = f"http://127.0.0.1:{config.port}"
        told: list[Progress] = []

        def watch(progress: Progress) -> None:
            told.append(progress)
            if progress.requests == REQUESTS // 4:
                _kill_one_replica()

        asking = ClientConfig(request_inputs=INPUTS, concurrency=4, deadline_seconds=120)
        with Client(url, key=key.secret, config=asking) as client:
            answers = client.predict(texts, idempotency_key="job", progress=watch)
            month = client.usage()
            again = client.predict(texts[:INPUTS], idempotency_key="job", progress=told.append)
        stop_on_ray(config)
        with books.reading() as connection:
            column = requests.c
            rows = connection.execute(select(column.idempotency_key, column.inputs)).all()

    alone = load_plan(plan).predict(texts)
    assert [answer.label for answer in answers] == [answer.label for answer in alone]
    # A process numbers its rows under one random prefix, behind the id that Ray's proxy gave.
    processes = {answer.request_id.rpartition(".")[2].partition("-")[0] for answer in answers}
    assert 2 <= len(processes) <= 3
    counted = Counter(row.idempotency_key for row in rows)
    assert len(counted) == REQUESTS
    assert set(counted.values()) == {1}
    assert sum(row.inputs for row in rows) == month.inputs == len(texts)
    assert again == answers[:INPUTS]
    assert told[-1].replayed == INPUTS


def _kill_one_replica() -> None:
    """As a machine dies: no notice, no draining."""
    replicas = [
        actor
        for actor in ray.util.list_named_actors(all_namespaces=True)
        if actor["name"].startswith("SERVE_REPLICA::")
    ]
    assert len(replicas) == 2, replicas
    ray.kill(ray.get_actor(replicas[0]["name"], namespace=replicas[0]["namespace"]))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
