"""What HTTP, batching and books add: server CPU for each text against the plan in-process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from httpbench.asking import generate
from httpbench.figures import ratios, spread
from httpbench.load import LoadPlan
from httpbench.servers import CONTENDERS, Stand, undercut
from httpbench.texts import bodies, questions

INPUTS = 256
CONNECTIONS = 4
TOLD_MOST = 1.4


@dataclass(frozen=True)
class BatchRound:
    """CPU microseconds for each text, of all the server's processes."""

    server_us: float
    in_process_us: float
    texts_per_second: float


def batch_cost(stand: Stand, *, seconds: float, rounds: int) -> dict[str, object]:
    """Batches of 256 texts over 4 connections; the server and the plan alone take turns."""
    with undercut(stand) as server:
        found = []
        for _ in range(rounds):
            alone = _in_process(stand, seconds)
            before = server.weight().cpu_seconds
            # No warming up inside: all CPU and all answers between the readings are counted.
            result = generate(
                LoadPlan(
                    url=server.url + "/v1/predict",
                    bodies=bodies(questions(), inputs=INPUTS, requests=40),
                    seconds=seconds,
                    connections=CONNECTIONS,
                    warm_seconds=0.0,
                )
            )
            cpu = server.weight().cpu_seconds - before
            answered = result.by_status.get("200", 0)
            if answered == 0 or len(result.by_status) > 1 or result.broken:
                raise SystemExit(f"batch clients got {result.by_status}, {result.broken} broken")
            texts = answered * INPUTS
            found.append(BatchRound(cpu / texts * 1e6, alone, texts / result.seconds))
    return {
        "server_cpu_us_per_text": spread([one.server_us for one in found]),
        "in_process_cpu_us_per_text": spread([one.in_process_us for one in found]),
        "texts_per_second": spread([one.texts_per_second for one in found]),
        "ratio": ratios([one.server_us for one in found], [one.in_process_us for one in found]),
        "must_be_at_most": TOLD_MOST,
        "inputs_per_request": INPUTS,
        "connections": CONNECTIONS,
    }


def _in_process(stand: Stand, seconds: float) -> float:
    command = [sys.executable, str(CONTENDERS / "in_process.py"), str(stand.plan)]
    done = subprocess.run(
        [*command, str(INPUTS), str(seconds), "1"],
        capture_output=True,
        text=True,
        check=True,
        env=_environment(stand),
    )
    return float(json.loads(done.stdout)["cpu_us_per_text"])


def _environment(stand: Stand) -> dict[str, str]:
    return {**os.environ, **stand.environment}
