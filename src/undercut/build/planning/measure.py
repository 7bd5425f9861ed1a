"""What an answer costs on this host: text in, label out, tokenising included.

Contenders take turns (interleaved repeats), so that a noisy minute hurts all of them alike; the
median and the spread over repeats are reported, never the best run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Clock = Callable[[], float]


class Answerer(Protocol):
    """Answers a list of texts; the result is not looked at."""

    def __call__(self, texts: Sequence[str]) -> object: ...


@dataclass(frozen=True, slots=True)
class Throughput:
    """Texts per second in batch.

    median: over the repeats; spread_fraction: half the range of the repeats over the median.
    """

    median: float
    spread_fraction: float
    repeats: int
    texts: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds for one text at a time."""

    p50_ms: float
    p99_ms: float
    texts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureConfig:
    """How long to measure.

    seconds: aimed at for each contender and repeat, which sets how many texts it gets.
    """

    repeats: int = 5
    seconds: float = 0.4
    fewest_texts: int = 128
    latency_texts: int = 100


def measure_throughput(
    contenders: Mapping[str, Answerer],
    texts: Sequence[str],
    config: MeasureConfig,
    *,
    clock: Clock = time.perf_counter,
    report: Callable[[int, int], None] | None = None,
) -> dict[str, Throughput]:
    """Interleaved batch timings of every contender on the same texts.

    A contender so slow that all texts would take longer than `seconds` gets a leading part of the
    (already shuffled) texts; one so fast gets them several times over.
    """
    plans = {name: _fit_to_time(c, texts, config, clock) for name, c in contenders.items()}
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for repeat in range(config.repeats):
        for name, contender in contenders.items():
            chosen = plans[name]
            start = clock()
            contender(chosen)
            rates[name].append(len(chosen) / max(1e-9, clock() - start))
        if report is not None:
            report(repeat + 1, config.repeats)
    return {name: _summary(values, len(plans[name])) for name, values in rates.items()}


def measure_latency(
    contender: Answerer,
    texts: Sequence[str],
    config: MeasureConfig,
    *,
    clock: Clock = time.perf_counter,
) -> Latency:
    """Time of one text at a time, in milliseconds."""
    chosen = [texts[i % len(texts)] for i in range(config.latency_texts)]
    for text in chosen[:10]:
        contender([text])
    times = np.empty(len(chosen))
    for position, text in enumerate(chosen):
        start = clock()
        contender([text])
        times[position] = clock() - start
    p50, p99 = np.percentile(times * 1e3, [50, 99])
    return Latency(float(p50), float(p99), len(chosen))


def _fit_to_time(
    contender: Answerer, texts: Sequence[str], config: MeasureConfig, clock: Clock
) -> list[str]:
    """Warm up, guess the speed, and choose as many texts as the wanted time allows."""
    probe = list(texts[: config.fewest_texts])
    contender(probe[:8])
    start = clock()
    contender(probe)
    rate = len(probe) / max(1e-9, clock() - start)
    wanted = max(len(probe), int(rate * config.seconds))
    copies = -(-wanted // len(texts))
    return (list(texts) * copies)[:wanted]


def _summary(rates: list[float], texts: int) -> Throughput:
    median = float(np.median(rates))
    return Throughput(median, (max(rates) - min(rates)) / 2 / median, len(rates), texts)
