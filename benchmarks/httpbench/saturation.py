"""Two and ten times as much as the server can answer: what gets through, how the rest is told."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from httpbench.asking import generate
from httpbench.figures import ratios, spread
from httpbench.load import LoadPlan, LoadResult
from httpbench.processes import RunningServer
from httpbench.servers import Stand, undercut
from httpbench.texts import bodies, questions

TIMES = (2, 10)
PEAK_CONNECTIONS = 64
# Requests of a size that makes a peak of so many a second: the load generator shares the cores,
# and ten times that is what it can send without taking them.
PEAK_REQUESTS_PER_SECOND = 150
MOST_INPUTS = 1024
MOST_CONNECTIONS = 2000
REFUSED, EXPIRED = {"429", "503"}, {"504"}
# An answer is worth so much waiting to these callers; later it counts for nothing.
DEADLINE_SECONDS = 2.0
# Until the queue is full and what is counted is the steady state.
FILLING_SECONDS = 2 * DEADLINE_SECONDS


def saturation(stand: Stand, *, seconds: float, rounds: int) -> dict[str, object]:
    """Peak by a closed loop, then an open loop at multiples of it, in every round.

    Callers here do not heed Retry-After and come back at once: the worst there are. The load
    generator shares the server's cores, and what it takes at ten times the peak is missing there.
    """
    with undercut(stand) as server:
        return _measured(server, seconds=seconds, rounds=rounds)


def saturation_apart(stand: Stand, *, seconds: float, rounds: int) -> dict[str, object]:
    """The same with the last core for the load generator and the others for the server."""
    *servers, last = sorted(os.sched_getaffinity(0))
    if not servers:
        raise SystemExit("one core cannot be shared out: leave saturation_apart out")
    with _on_cores(servers), undercut(stand) as server, _on_cores([last]):
        return {"server_cores": len(servers)} | _measured(server, seconds=seconds, rounds=rounds)


@contextmanager
def _on_cores(cores: list[int]) -> Iterator[None]:
    """What is started within runs on these cores alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _measured(server: RunningServer, *, seconds: float, rounds: int) -> dict[str, object]:
    inputs = _inputs(server)
    peaks: list[float] = []
    memory: list[float] = []
    overloads: dict[int, list[LoadResult]] = {times: [] for times in TIMES}
    grown: dict[int, list[float]] = {times: [] for times in TIMES}
    for _ in range(rounds):
        with _most_memory(server) as at_peak:
            peaks.append(_ask(server, inputs, seconds, PEAK_CONNECTIONS).answered_per_second)
        memory.append(at_peak[0])
        for times in TIMES:
            with _most_memory(server) as most:
                rate = times * peaks[-1]
                result = _ask(server, inputs, seconds, MOST_CONNECTIONS, rate=rate)
            overloads[times].append(result)
            grown[times].append(most[0] / at_peak[0] - 1)
    return {
        "inputs_per_request": inputs,
        "deadline_seconds": DEADLINE_SECONDS,
        "peak_requests_per_second": spread(peaks),
        "peak_memory_mib": spread([value / 2**20 for value in memory]),
        **{
            f"{times}x": {
                "goodput_share": {
                    **ratios([one.answered_per_second for one in overloads[times]], peaks),
                    "must_be_at_least": 0.9,
                },
                "refusal_p99_ms": {**_p99_ms(overloads[times], REFUSED), "must_be_at_most": 20},
                # Accepted, and given up when its time was over.
                "expired_p99_ms": _p99_ms(overloads[times], EXPIRED),
                "accepted_p99_ms": _p99_ms(overloads[times], {"200"}),
                "memory_growth": {**spread(grown[times]), "must_be_at_most": 0.1},
                "rounds": [asdict(one) for one in overloads[times]],
            }
            for times in TIMES
        },
    }


def _inputs(server: RunningServer) -> int:
    """Texts a request, so that the peak is near the wished rate."""
    probe = _ask(server, 64, 2.0, PEAK_CONNECTIONS)
    texts_per_second = probe.answered_per_second * 64
    return max(1, min(MOST_INPUTS, round(texts_per_second / PEAK_REQUESTS_PER_SECOND)))


def _ask(
    server: RunningServer,
    inputs: int,
    seconds: float,
    connections: int,
    *,
    rate: float | None = None,
) -> LoadResult:
    return generate(
        LoadPlan(
            url=server.url + "/v1/predict",
            bodies=bodies(
                questions(), inputs=inputs, requests=50, deadline_seconds=DEADLINE_SECONDS
            ),
            seconds=seconds,
            connections=connections,
            rate=rate,
            warm_seconds=FILLING_SECONDS,
        )
    )


def _p99_ms(results: list[LoadResult], statuses: set[str]) -> dict[str, object]:
    """The slowest of these statuses in each round, and how many there were."""
    slowest = [
        max((ms["p99"] for status, ms in one.latency_ms.items() if status in statuses), default=0.0)
        for one in results
    ]
    counts = [sum(one.by_status.get(status, 0) for status in statuses) for one in results]
    return {**spread(slowest), "counts": counts}


@contextmanager
def _most_memory(server: RunningServer) -> Iterator[list[float]]:
    """Watch the server's memory; the most of it stands in the list at the end."""
    most = [float(server.weight().rss_bytes)]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.25):
            most[0] = max(most[0], server.weight().rss_bytes)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()
        time.sleep(0.5)  # what is queued drains before the next measurement
