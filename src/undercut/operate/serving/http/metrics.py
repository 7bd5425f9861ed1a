"""GET /metrics: Prometheus' text format, built from cheap counters when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder

from undercut.operate.serving.http.counters import Distribution
from undercut.operate.serving.http.exchange import Exchange, Reply
from undercut.operate.serving.http.figures import Figure
from undercut.operate.serving.http.services import Services


async def metrics(exchange: Exchange) -> Reply:
    """The metrics of this server process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(exchange.services))
    accept = exchange.head.accept.decode("ascii", errors="replace")
    encode, content_type = choose_encoder(accept)
    return Reply(encode(registry), content_type=content_type.encode("ascii"))


class _Collector:
    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        yield from _traffic(self._services)
        yield from _work(self._services)
        yield from _costs(self._services)
        yield from _others(self._services)


def _traffic(services: Services) -> Iterator[Metric]:
    counters = services.counters
    answers = _counter("http_requests", "Requests by operation and status.", "operation", "status")
    for (operation, status), count in counters.answers.items():
        answers.add_metric([operation, str(status)], count)
    yield answers
    refusals = _counter("refusals", "Requests refused, by reason.", "reason")
    for reason, count in counters.refusals.items():
        refusals.add_metric([reason], count)
    yield refusals
    yield _histogram(
        "http_request_seconds",
        "From the request's head to the end of its response.",
        {(name,): found for name, found in counters.latencies.items()},
        "operation",
    )
    cut = _counter("connections_cut", "Connections cut by the server, by reason.", "reason")
    for reason, count in counters.cut_connections.items():
        cut.add_metric([reason], count)
    yield cut
    yield _one_counter("disconnects", "Clients that left before an answer.", counters.disconnects)
    yield _gauge("connections", "Connections open now.", counters.connections)
    yield _gauge("requests_at_work", "Requests being answered now.", services.capacity.requests)
    yield _gauge("held_bytes", "Bytes of bodies held now.", services.capacity.held_bytes)
    yield _gauge("ready", "1 where new requests are wanted.", float(services.readiness.ready))


def _work(services: Services) -> Iterator[Metric]:
    counters = services.counters
    yield _one_counter("inputs", "Texts answered and recorded.", counters.inputs)
    yield _one_counter("tokens", "Tokens of recorded texts.", counters.tokens)
    stages = _counter("stage_answers", "Texts answered by each stage.", "stage")
    for stage, count in counters.stages.items():
        stages.add_metric([stage], count)
    yield stages
    total = sum(counters.stages.values())
    shares = GaugeMetricFamily(
        "undercut_stage_fraction", "Share of texts that each stage answered.", labels=["stage"]
    )
    for stage, count in counters.stages.items():
        shares.add_metric([stage], count / total if total else 0.0)
    yield shares
    yield _histogram("request_inputs", "Texts in a request.", {(): counters.request_inputs})
    yield _histogram("books_commit_seconds", "Until a row is durable.", {(): counters.commits})
    yield _one_counter("replays", "Repeats that got their first answer.", counters.replays)
    yield _one_counter("failed_releases", "Reservations not given back.", counters.failed_releases)
    yield _one_counter(
        "log_lines_dropped", "Log lines nobody took off us.", counters.log_lines_dropped
    )


def _costs(services: Services) -> Iterator[Metric]:
    counters = services.counters
    cost = _counter("own_cost", "Own cost of recorded texts, in the currency.", "currency")
    per_million = GaugeMetricFamily(
        "undercut_own_cost_per_million_inputs",
        "Own cost of a million texts, over those whose cost is known.",
        labels=["currency"],
    )
    for currency, money in counters.cost.items():
        cost.add_metric([currency], float(money.amount))
        if counters.known_cost_inputs:
            each = float(money.amount) / counters.known_cost_inputs
            per_million.add_metric([currency], each * 1_000_000)
    yield cost
    yield per_million
    yield _one_counter(
        "unknown_cost_inputs", "Texts whose own cost is unknown.", counters.unknown_cost_inputs
    )


def _others(services: Services) -> Iterator[Metric]:
    families: dict[str, Metric] = {}
    for figure in (figure for source in services.figures for figure in source()):
        family = families.setdefault(figure.name, _family(figure))
        name = family.name + ("_total" if figure.kind == "counter" else "")
        family.add_sample(name, dict(figure.labels), figure.value)
    yield from families.values()


def _family(figure: Figure) -> Metric:
    return Metric(f"undercut_{figure.name}", figure.help, figure.kind)


def _counter(name: str, words: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"undercut_{name}", words, labels=list(labels))


def _one_counter(name: str, words: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"undercut_{name}", words, value=value)


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"undercut_{name}", words, value=value)


def _histogram(
    name: str, words: str, found: dict[tuple[str, ...], Distribution], *labels: str
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(f"undercut_{name}", words, labels=list(labels))
    for values, distribution in found.items():
        running = 0
        buckets: list[tuple[str, float]] = []
        bounds = [*map(str, map(float, distribution.bounds)), "+Inf"]
        for bound, count in zip(bounds, distribution.counts, strict=True):
            running += count
            buckets.append((bound, running))
        family.add_metric(list(values), buckets, sum_value=distribution.total)
    return family
