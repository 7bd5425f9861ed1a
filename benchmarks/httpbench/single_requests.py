"""One text a request, 32 clients: against FastAPI with transformers, and against LitServe."""

from __future__ import annotations

import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from httpbench.alone import plan_of_one_model
from httpbench.asking import closed_loop
from httpbench.figures import ratios, spread
from httpbench.load import LoadPlan
from httpbench.processes import RunningServer
from httpbench.servers import Stand, fastapi_pipeline, litserve, undercut
from httpbench.texts import bodies, questions

CLIENTS = 32
OURS = "undercut"
ALONE = "undercut, the same ONNX model alone"
FASTAPI = "FastAPI + transformers pipeline, MiniLM"
LITSERVE = "LitServe, the same ONNX model"


def single_requests(stand: Stand, *, seconds: float, rounds: int) -> dict[str, object]:
    """Each server alone on the machine, one after the other, in every round.

    Ours answers with the certified plan, and once more with nothing but the ONNX model that
    LitServe has: the first is what a user gets, the second what the server itself is worth.
    LitServe and our server with that model alone run with one worker and with two; the better of
    the two counts.
    """
    rates: dict[str, list[float]] = {}
    latencies: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        alone = plan_of_one_model(stand.plan, stand.onnx_model, Path(folder) / "plan")
        for _ in range(rounds):
            for name, started, path in _servers(stand, alone):
                with started as server:
                    result = closed_loop(
                        LoadPlan(
                            url=server.url + path,
                            bodies=bodies(questions(), inputs=1, requests=1000),
                            seconds=seconds,
                            connections=CLIENTS,
                            warm_seconds=1.0,
                        )
                    )
                if set(result.by_status) != {"200"} or result.broken:
                    raise SystemExit(f"{name}: {result.by_status}, {result.broken} broken")
                rates.setdefault(name, []).append(result.answered_per_second)
                latencies[name] = result.latency_ms["200"]
    best, alone_best = _best(rates, LITSERVE), _best(rates, ALONE)
    return {
        "requests_per_second": {name: spread(values) for name, values in rates.items()},
        "latency_ms_last_round": latencies,
        "times_fastapi": {
            **ratios(rates[OURS], rates[FASTAPI]),
            "must_be_at_least": 10,
        },
        "times_litserve": {**ratios(rates[OURS], rates[best]), "must_be_at_least": 2, "of": best},
        "times_litserve_same_model": {
            **ratios(rates[alone_best], rates[best]),
            "must_be_at_least": 2,
            "of": [alone_best, best],
        },
        "clients": CLIENTS,
    }


def _servers(
    stand: Stand, alone: Path
) -> list[tuple[str, AbstractContextManager[RunningServer], str]]:
    return [
        (OURS, undercut(stand), "/v1/predict"),
        (FASTAPI, fastapi_pipeline(stand), "/predict"),
        *[
            (
                f"{ALONE}, {workers} workers",
                undercut(stand, plan=alone, workers=workers),
                "/v1/predict",
            )
            for workers in (1, 2)
        ],
        *[
            (f"{LITSERVE}, {workers} workers", litserve(stand, workers=workers), "/predict")
            for workers in (1, 2)
        ],
    ]


def _best(rates: dict[str, list[float]], server: str) -> str:
    found = [name for name in rates if name.startswith(server)]
    return max(found, key=lambda name: max(rates[name]))
