"""Cheap counters that the hot path touches; `/metrics` reads them when it is asked."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from decimal import Context, Decimal

from undercut.core.money import Money
from undercut.core.requests import AnsweredRequest

_LATENCY_SECONDS = (
    0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
# of sums below 1e24 with 18 decimal places nothing is rounded
_EXACT = Context(prec=60)
_INPUTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Distribution:
    """Counts of values at most as large as each bound, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """One more value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Counters:
    """What one server process has done since it started.

    answers, refusals: (operation, status) and reason -> requests. unknown_cost_inputs: inputs
    whose cost is not known. failed_releases: reservations that could not be given back.
    """

    def __init__(self) -> None:
        self.answers: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.refusals: defaultdict[str, int] = defaultdict(int)
        self.latencies: dict[str, Distribution] = {}
        self.commits = Distribution(_LATENCY_SECONDS)
        self.request_inputs = Distribution(_INPUTS)
        self.inputs = 0
        self.tokens = 0
        self.stages: defaultdict[str, int] = defaultdict(int)
        # plain numbers: to make and check `Money` for each request costs ten times the sum
        self._amounts: dict[str, Decimal] = {}
        self.known_cost_inputs = 0
        self.unknown_cost_inputs = 0
        self.replays = 0
        self.disconnects = 0
        self.connections = 0
        self.cut_connections: defaultdict[str, int] = defaultdict(int)
        self.failed_releases = 0
        self.log_lines_dropped = 0

    @property
    def cost(self) -> dict[str, Money]:
        """Currency -> own cost of recorded requests."""
        return {currency: Money(amount, currency) for currency, amount in self._amounts.items()}

    def finished(self, operation: str, status: int, seconds: float) -> None:
        """A response went out."""
        self.answers[operation, status] += 1
        latency = self.latencies.get(operation)
        if latency is None:
            latency = self.latencies[operation] = Distribution(_LATENCY_SECONDS)
        latency.add(seconds)

    def recorded(self, request: AnsweredRequest) -> None:
        """A new row is in the books."""
        self.inputs += request.inputs
        self.tokens += request.tokens
        self.request_inputs.add(request.inputs)
        for stage, answers in request.stages.items():
            self.stages[stage] += answers
        cost = request.cost
        if cost is None:
            self.unknown_cost_inputs += request.inputs
            return
        self.known_cost_inputs += request.inputs
        before = self._amounts.get(cost.currency)
        self._amounts[cost.currency] = (
            cost.amount if before is None else _EXACT.add(before, cost.amount)
        )
