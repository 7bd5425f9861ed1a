"""What Ray's proxy takes: one replica on a local Ray cluster, and the same server without Ray.

    python benchmarks/serving_ray.py --plan out/demo/plan --books postgresql://user@host/empty

Both over the same books and engine settings, taking turns in every round. Needs the extra `ray`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from httpbench.asking import closed_loop
from httpbench.figures import ratios, spread
from httpbench.load import LoadPlan
from httpbench.processes import free_port, running
from httpbench.servers import Stand
from httpbench.texts import bodies, questions
from undercut.core.requests import Role
from undercut.operate.metering.books import open_books
from undercut.operate.metering.key_rows import KeyTerms, create_key
from undercut.runs.machine import machine_facts
from undercut.runs.serving_config import ServeConfig
from undercut.runs.serving_ray import RayServing, replica_config, start_on_ray, stop_on_ray

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
SHAPES = {"single requests, 32 clients": (1, 32), "batches of 256, 4 clients": (256, 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--books", required=True)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=HERE / "results" / "serving_ray.json")
    asked = parser.parse_args()
    found: dict[str, dict[str, list[float]]] = {shape: {} for shape in SHAPES}
    with _both(asked.plan.resolve(), asked.books) as (urls, headers):
        for _ in range(asked.rounds):
            for name, url in urls.items():
                for shape, (inputs, clients) in SHAPES.items():
                    result = closed_loop(
                        LoadPlan(
                            url=url + "/v1/predict",
                            bodies=bodies(questions(), inputs=inputs),
                            seconds=asked.seconds,
                            connections=clients,
                            headers=headers,
                        )
                    )
                    found[shape].setdefault(name, []).append(result.answered_per_second)
    report = {
        shape: {
            **{name: spread(values) for name, values in rates.items()},
            "share_kept": ratios(rates["ray"], rates["direct"]),
        }
        for shape, rates in found.items()
    }
    facts = {
        "machine": asdict(machine_facts()),
        "measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "command": "python benchmarks/serving_ray.py",
    }
    asked.results.write_text(json.dumps({**report, **facts}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))


@contextmanager
def _both(plan: Path, books_url: str) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """URLs of both servers by name, and the headers to ask them with."""
    with open_books(books_url) as books:
        terms = KeyTerms(roles=frozenset({Role.PREDICT}))
        key = books.write(lambda to: create_key(to, "benchmark", terms, datetime.now(UTC)))
    config = RayServing(port=free_port(), replicas=1)
    served = replica_config(ServeConfig(plan=str(plan), books=books_url))
    start_on_ray({"config": served.model_dump_json()}, config)
    port = free_port()
    command = [sys.executable, "-m", "undercut", "serve", str(plan), "--port", str(port)]
    try:
        with (
            tempfile.TemporaryDirectory() as work,
            running(
                [*command, "--books", books_url, "--workers", "0"],
                port=port,
                ready="/health/ready",
                log=Path(work) / "direct.log",
                environment=Stand(plan, Path(work)).environment,
            ) as direct,
        ):
            urls = {"ray": f"http://127.0.0.1:{config.port}", "direct": direct.url}
            yield urls, {"Authorization": f"Bearer {key.secret}"}
    finally:
        stop_on_ray(config)


if __name__ == "__main__":
    main()
