"""Timing with a clock of our own: turns, warm-up, memories put back, texts that fit the time."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from undercut.build.planning.measure import (
    MeasureConfig,
    measure_latency,
    measure_throughput,
    spread_batches,
)

TEXTS = ["x" * (1 + i % 50) for i in range(400)]


class Worker:
    """Takes a set time for a text it meets, less for one it remembers."""

    def __init__(self, clock: Clock, seconds: float, *, remembered: float | None = None) -> None:
        self.clock, self.seconds, self.remembered = clock, seconds, remembered
        self.met: set[str] = set()
        self.calls: list[int] = []

    def __call__(self, texts: Sequence[str]) -> None:
        self.calls.append(len(texts))
        for text in texts:
            known = self.remembered is not None and text in self.met
            self.clock.now += self.remembered if known and self.remembered else self.seconds
            self.met.add(text)

    def refresh(self) -> None:
        self.met.clear()
        self.clock.now += 5.0  # untimed


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_rates_are_those_of_the_workers_and_all_take_turns() -> None:
    clock = Clock()
    quick, slow = Worker(clock, 1e-4), Worker(clock, 1e-2)
    speeds = measure_throughput(
        {"quick": quick, "slow": slow}, TEXTS, MeasureConfig(repeats=3), clock=clock
    )
    assert speeds["quick"].median == pytest.approx(1e4)
    assert speeds["slow"].median == pytest.approx(1e2)
    assert speeds["slow"].spread_fraction == pytest.approx(0.0, abs=1e-9)
    # warm-up, probe, then one call a repeat for the slow one and several for the quick one
    assert len(slow.calls) == 2 + 3
    assert len(quick.calls) == 2 + 3 * 10


def test_no_text_is_timed_on_its_own_echo() -> None:
    clock = Clock()
    worker = Worker(clock, 1e-3, remembered=1e-6)
    texts = [f"text {i}" for i in range(400)]
    speeds = measure_throughput({"one": worker}, texts, MeasureConfig(repeats=3), clock=clock)
    assert speeds["one"].median == pytest.approx(1e3)
    assert measure_latency(worker, texts, MeasureConfig(), clock=clock).p50_ms == pytest.approx(1.0)


def test_latency_of_a_slow_one_stops_in_time() -> None:
    clock = Clock()
    latency = measure_latency(
        Worker(clock, 0.5), TEXTS, MeasureConfig(latency_seconds=2.0), clock=clock
    )
    assert latency.texts == 20
    assert latency.p50_ms == pytest.approx(500.0)


def test_spread_batches_are_whole_and_of_all_lengths() -> None:
    chosen = spread_batches(TEXTS, 32, 4)
    assert len(chosen) == 128
    lengths = [len(text) for text in chosen]
    assert lengths == sorted(lengths)
    mean = sum(map(len, TEXTS)) / len(TEXTS)
    assert sum(lengths) / len(lengths) == pytest.approx(mean, rel=0.1)
    assert len(spread_batches(TEXTS, 32, 1000)) == len(TEXTS)
