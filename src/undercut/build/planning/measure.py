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
    """Answers a list of texts; the result is not looked at.

    One that remembers what it met may have a method `refresh()`, called untimed before every
    timed run: it puts the memory into the state that other texts leave, so that no text is
    timed on its own echo.
    """

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

    seconds: aimed at for each contender and repeat, which sets how many texts it gets, a multiple
    of the batch_rows that slow contenders work in; latency_seconds: at most for single texts.
    """

    repeats: int = 5
    seconds: float = 0.4
    batch_rows: int = 32
    fewest_batches: int = 3
    latency_texts: int = 100
    latency_seconds: float = 2.0


def measure_throughput(
    contenders: Mapping[str, Answerer],
    texts: Sequence[str],
    config: MeasureConfig,
    *,
    clock: Clock = time.perf_counter,
    report: Callable[[int, int], None] | None = None,
) -> dict[str, Throughput]:
    """Interleaved batch timings of every contender on the same texts.

    A contender so slow that all texts would take longer than `seconds` gets a part of them: whole
    batches of similar length from all over the range, so that it pads as little as it would on
    all texts. One so fast that they are over too soon runs several times in a repeat.
    """
    plans = {name: _fit_to_time(c, texts, config, clock) for name, c in contenders.items()}
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for repeat in range(config.repeats):
        for name, contender in contenders.items():
            chosen, runs = plans[name]
            spent = sum(_timed(contender, chosen, clock) for _ in range(runs))
            rates[name].append(runs * len(chosen) / max(1e-9, spent))
        if report is not None:
            report(repeat + 1, config.repeats)
    return {name: _summary(values, len(plans[name][0])) for name, values in rates.items()}


def measure_latency(
    contender: Answerer,
    texts: Sequence[str],
    config: MeasureConfig,
    *,
    clock: Clock = time.perf_counter,
) -> Latency:
    """Time of one text at a time, in milliseconds."""
    chosen = [texts[i % len(texts)] for i in range(config.latency_texts)]
    contender(chosen[:5])
    _refresh(contender)
    times: list[float] = []
    for text in chosen:
        start = clock()
        contender([text])
        times.append(clock() - start)
        if sum(times) > config.latency_seconds and len(times) >= FEWEST_LATENCIES:
            break
    p50, p99 = np.percentile(np.array(times) * 1e3, [50, 99])
    return Latency(float(p50), float(p99), len(times))


FEWEST_LATENCIES = 20


def _fit_to_time(
    contender: Answerer, texts: Sequence[str], config: MeasureConfig, clock: Clock
) -> tuple[list[str], int]:
    """Warm up, guess the speed; texts and runs per repeat that the wanted time allows."""
    probe = spread_batches(texts, config.batch_rows, config.fewest_batches)
    contender(probe[:8])
    rate = len(probe) / max(1e-9, _timed(contender, probe, clock))
    wanted = rate * config.seconds
    if wanted < len(texts):
        batches = max(config.fewest_batches, round(wanted / config.batch_rows))
        return spread_batches(texts, config.batch_rows, batches), 1
    return list(texts), min(MOST_RUNS, max(1, round(wanted / len(texts))))


MOST_RUNS = 10


def _timed(contender: Answerer, texts: Sequence[str], clock: Clock) -> float:
    _refresh(contender)
    start = clock()
    contender(texts)
    return clock() - start


def _refresh(contender: Answerer) -> None:
    refresh = getattr(contender, "refresh", None)
    if refresh is not None:
        refresh()


def spread_batches(texts: Sequence[str], batch_rows: int, batches: int) -> list[str]:
    """Whole batches of the texts sorted by length, evenly spaced over the lengths."""
    ordered = sorted(texts, key=len)
    whole = [ordered[i : i + batch_rows] for i in range(0, len(ordered), batch_rows)]
    step = len(whole) / min(batches, len(whole))
    middle = [whole[int((i + 0.5) * step)] for i in range(min(batches, len(whole)))]
    return [text for batch in middle for text in batch]


def _summary(rates: list[float], texts: int) -> Throughput:
    median = float(np.median(rates))
    return Throughput(median, (max(rates) - min(rates)) / 2 / median, len(rates), texts)
