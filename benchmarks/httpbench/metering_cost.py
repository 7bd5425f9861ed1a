"""What the books cost: the same server with and without them."""

from __future__ import annotations

from httpbench.asking import closed_loop
from httpbench.figures import ratios, spread
from httpbench.load import LoadPlan, LoadResult
from httpbench.processes import RunningServer
from httpbench.servers import Stand, undercut
from httpbench.texts import bodies, questions

SHAPES = {
    "single requests, 32 clients": (1, 32, False),
    "single requests, 32 clients, each with an idempotency key": (1, 32, True),
    "batches of 64, 8 clients": (64, 8, False),
}


def metering_cost(stand: Stand, *, seconds: float, rounds: int) -> dict[str, object]:
    """Both run at once; only one of them is asked at a time, taking turns."""
    found: dict[str, dict[str, list[float]]] = {shape: {} for shape in SHAPES}
    with undercut(stand) as metered, undercut(stand, metering=False) as bare:
        for number in range(rounds):
            pair = [("on", metered), ("off", bare)]
            for name, server in pair if number % 2 == 0 else reversed(pair):
                for shape, (inputs, clients, keys) in SHAPES.items():
                    result = _ask(server, inputs, clients, seconds, keys=keys)
                    rates = found[shape].setdefault(name, [])
                    rates.append(result.answered_per_second)
    return {
        shape: {
            "metering_on": spread(rates["on"]),
            "metering_off": spread(rates["off"]),
            "share_kept": {**ratios(rates["on"], rates["off"]), "must_be_at_least": 0.85},
        }
        for shape, rates in found.items()
    }


def _ask(
    server: RunningServer, inputs: int, clients: int, seconds: float, *, keys: bool
) -> LoadResult:
    result = closed_loop(
        LoadPlan(
            url=server.url + "/v1/predict",
            bodies=bodies(questions(), inputs=inputs, requests=500),
            seconds=seconds,
            connections=clients,
            idempotency_keys=keys,
        )
    )
    if set(result.by_status) != {"200"} or result.broken:
        raise SystemExit(f"{server.url}: {result.by_status}, {result.broken} broken")
    return result
