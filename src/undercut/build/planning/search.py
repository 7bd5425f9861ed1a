"""The search for plans: chains of up to three models, mixed and thresholded on the tune split.

For every chain the outcome of all pairs of thresholds is a handful of small matrix products, so the
whole grid is searched, not sampled.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.build.planning.foresight import PassFrontier, pass_probability
from undercut.build.planning.mixture import mixture_weights
from undercut.core.dataset import FloatArray, IntArray
from undercut.models.cascade import CascadeSpec, StageSpec, margin, mix

BoolArray = NDArray[np.bool_]
Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rival:
    """A model, or a fixed mixture of models, that may be part of a plan.

    probabilities: (rows, classes) on the tune split, calibrated; seconds_per_text: measured cost
    in batch on all cores; weights: of its models, summing to 1; temperatures: what calibrated them.
    """

    name: str
    probabilities: FloatArray
    seconds_per_text: float
    weights: Mapping[str, float]
    temperatures: Mapping[str, float]


def single_rival(
    name: str, probabilities: FloatArray, seconds_per_text: float, temperature: float
) -> Rival:
    """One model on its own; probabilities: calibrated with the temperature already."""
    return Rival(name, probabilities, seconds_per_text, {name: 1.0}, {name: temperature})


def joint_rival(rivals: Sequence[Rival], labels: IntArray) -> Rival:
    """Several models that always run together, mixed as the tune labels say."""
    parts = {rival.name: rival.probabilities for rival in rivals}
    shares = mixture_weights(parts, labels)
    used = [rival for rival in rivals if rival.name in shares]
    return Rival(
        name=" + ".join(rival.name for rival in used),
        probabilities=mix(parts, shares),
        seconds_per_text=sum(rival.seconds_per_text for rival in used),
        weights=_expand(shares, used),
        temperatures={n: t for rival in used for n, t in rival.temperatures.items()},
    )


def _expand(shares: Mapping[str, float], rivals: Sequence[Rival]) -> dict[str, float]:
    """Weights of models from shares of rivals."""
    return {
        model: round(shares[rival.name] * weight, 6)
        for rival in rivals
        if rival.name in shares
        for model, weight in rival.weights.items()
    }


@dataclass(frozen=True, slots=True)
class Option:
    """A plan with what the tune split says of it.

    lost: tune rows that the teacher alone has right; won: that the plan alone has right.
    reach: share of texts that reach each stage, the first 1.0.
    """

    spec: CascadeSpec
    seconds_per_text: float
    accuracy: float
    lost: int
    won: int
    reach: tuple[float, ...]
    pass_probability: float

    @property
    def name(self) -> str:
        """The stages' names, in order."""
        return " → ".join(stage.name for stage in self.spec.stages)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig:
    """most_stages: 1 to 3; thresholds: grid points per stage."""

    most_stages: int = 3
    thresholds: int = 48


def search(
    rivals: Sequence[Rival],
    labels: IntArray,
    teacher_right: BoolArray,
    frontier: PassFrontier,
    config: SearchConfig,
) -> tuple[Option, ...]:
    """The plans that nothing beats in both cost and chance to pass, from safest to cheapest.

    labels, teacher_right: (rows,) of the tune split.
    """
    ordered = sorted(rivals, key=lambda rival: rival.seconds_per_text)
    grids: list[_Grid] = []
    for stages in range(1, min(config.most_stages, len(ordered)) + 1):
        for chain in itertools.combinations(ordered, stages):
            if _overlaps(chain):
                continue
            grids.append(_Chain(chain, labels, teacher_right).evaluate(config.thresholds))
    return _frontier(grids, frontier, rows=len(labels))


def _overlaps(chain: Sequence[Rival]) -> bool:
    """Whether two rivals of a chain hold the same model, which would be paid for twice."""
    models = [model for rival in chain for model in rival.weights]
    return len(models) != len(set(models))


def certify_order(options: Sequence[Option], *, most_tests: int) -> tuple[Option, ...]:
    """Plans to certify in this order: from the safest worth trying to the cheapest.

    Chances to pass are cut into even steps; each step gives its cheapest plan.
    """
    safest_first = sorted(options, key=lambda option: -option.seconds_per_text)
    worth = [option for option in safest_first if option.pass_probability >= LEAST_CHANCE]
    if not worth:
        return tuple(safest_first[:1])
    likely = [option for option in worth if option.pass_probability >= SAFE_CHANCE]
    start = likely[-1:] or worth[:1]
    later = [option for option in worth if option.seconds_per_text < start[0].seconds_per_text]
    room = most_tests - 1
    if len(later) > room:
        picks = np.linspace(0, len(later) - 1, room).round().astype(int)
        later = [later[i] for i in dict.fromkeys(picks.tolist())]
    return tuple(start + later)


# A sequence starts with the cheapest plan that passes with this chance, by the tune split ...
SAFE_CHANCE = 0.97
# ... and does not try plans that pass with less than this one.
LEAST_CHANCE = 0.35


@dataclass(frozen=True, slots=True)
class _Grid:
    """All thresholds of one chain, flattened: (points,) arrays."""

    stages: tuple[tuple[str, dict[str, float]], ...]
    temperatures: dict[str, float]
    thresholds: NDArray[np.float64]
    seconds: Float64Array
    lost: NDArray[np.int64]
    won: NDArray[np.int64]
    right: NDArray[np.int64]
    reach: Float64Array


class _Chain:
    """One chain of models on the tune split; stage k mixes the first k models."""

    def __init__(self, chain: Sequence[Rival], labels: IntArray, teacher_right: BoolArray) -> None:
        self.chain = chain
        self.rows = len(labels)
        self.stages: list[tuple[str, dict[str, float]]] = []
        self.right: list[BoolArray] = []
        self.margins: list[FloatArray] = []
        for count in range(1, len(chain) + 1):
            part = {rival.name: rival.probabilities for rival in chain[:count]}
            shares = mixture_weights(part, labels)
            mixed = mix(part, shares)
            self.stages.append((chain[count - 1].name, _expand(shares, chain[:count])))
            self.right.append(mixed.argmax(axis=1) == labels)
            self.margins.append(margin(mixed))
        self.teacher_right = teacher_right

    def evaluate(self, points: int) -> _Grid:
        """Outcome of every combination of thresholds."""
        values = [_levels(margins, points) for margins in self.margins[:-1]]
        answers = [m >= v[:, None] for m, v in zip(self.margins[:-1], values, strict=True)]
        lost = self._count([self.teacher_right & ~right for right in self.right], answers)
        won = self._count([~self.teacher_right & right for right in self.right], answers)
        right = self._count(self.right, answers)
        reach = self._reach(answers)
        prices = np.array([rival.seconds_per_text for rival in self.chain])
        return _Grid(
            stages=tuple(self.stages),
            temperatures={n: t for rival in self.chain for n, t in rival.temperatures.items()},
            thresholds=_combinations(values),
            seconds=reach @ prices,
            lost=lost,
            won=won,
            right=right,
            reach=reach,
        )

    def _count(self, stages: list[BoolArray], answers: list[BoolArray]) -> NDArray[np.int64]:
        """Rows for which the answering stage's flag is set, for every combination (points,)."""
        flags = [stage.astype(np.float64) for stage in stages]
        if not answers:
            return np.array([flags[0].sum()]).astype(np.int64)
        first = answers[0].astype(np.float64)
        if len(answers) == 1:
            counts = first @ flags[0] + (1 - first) @ flags[1]
            return np.asarray(counts.round(), dtype=np.int64)
        second = answers[1].astype(np.float64)
        rest = (second * flags[1] + (1 - second) * flags[2]).T
        counts = (first @ flags[0])[:, None] + (1 - first) @ rest
        return np.asarray(counts.round(), dtype=np.int64).ravel()

    def _reach(self, answers: list[BoolArray]) -> Float64Array:
        """(points, stages) share of texts that reach each stage."""
        if not answers:
            return np.ones((1, 1))
        deferred = 1.0 - answers[0].astype(np.float64)
        if len(answers) == 1:
            return np.stack([np.ones(len(deferred)), deferred.mean(axis=1)], axis=1)
        twice = deferred @ (1.0 - answers[1].astype(np.float64)).T / self.rows
        once = np.broadcast_to(deferred.mean(axis=1)[:, None], twice.shape)
        return np.stack([np.ones(twice.size), once.ravel(), twice.ravel()], axis=1)


def _levels(margins: FloatArray, points: int) -> NDArray[np.float64]:
    """Thresholds that defer from almost nothing to three quarters of the texts."""
    shares = np.linspace(0.0, 0.75, points)
    return np.unique(np.quantile(margins.astype(np.float64), shares).round(6))


def _combinations(values: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(points, stages - 1) thresholds in the order in which `_count` lists outcomes."""
    if not values:
        return np.empty((1, 0))
    grid = np.meshgrid(*values, indexing="ij")
    return np.stack([axis.ravel() for axis in grid], axis=1)


def _frontier(grids: Sequence[_Grid], frontier: PassFrontier, *, rows: int) -> tuple[Option, ...]:
    """Sort all points by cost; keep each that passes more surely than every cheaper one."""
    seconds = np.concatenate([grid.seconds for grid in grids])
    lost = np.concatenate([grid.lost for grid in grids])
    won = np.concatenate([grid.won for grid in grids])
    pairs, inverse = np.unique(np.stack([lost, won]), axis=1, return_inverse=True)
    chance = pass_probability(pairs[0], pairs[1], tune_rows=rows, frontier=frontier)
    chances = chance[inverse.ravel()]
    owners = np.concatenate([np.full(len(g.seconds), i) for i, g in enumerate(grids)])
    starts = np.cumsum([0, *(len(grid.seconds) for grid in grids)])
    kept: list[Option] = []
    best = -1.0
    for point in np.lexsort((-chances, seconds)):
        if chances[point] <= best:
            continue
        best = float(chances[point])
        owner = int(owners[point])
        kept.append(_option(grids[owner], int(point - starts[owner]), best, rows))
    return tuple(reversed(kept))


def _option(grid: _Grid, point: int, chance: float, rows: int) -> Option:
    thresholds: Mapping[int, float] = dict(enumerate(grid.thresholds[point].tolist()))
    stages = tuple(
        StageSpec(name=name, weights=weights, threshold=min(1.0, thresholds.get(position, 0.0)))
        for position, (name, weights) in enumerate(grid.stages)
    )
    return Option(
        spec=CascadeSpec(stages=stages, temperatures=grid.temperatures),
        seconds_per_text=float(grid.seconds[point]),
        accuracy=float(grid.right[point] / rows),
        lost=int(grid.lost[point]),
        won=int(grid.won[point]),
        reach=tuple(grid.reach[point].tolist()),
        pass_probability=chance,
    )
