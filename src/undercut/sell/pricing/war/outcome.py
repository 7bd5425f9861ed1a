"""What came out of a simulated war: fans over time, survival, regret, what would change the answer.

Intervals come in two kinds. Bands over paths hold doubt and chance together. The interval of a
survival probability is over worlds: how much of it is not known, as against not decided yet; the
chance that a few paths a world add to it is taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.course import Course
from undercut.sell.pricing.war.draws import BEHAVIOURS, Float32Array, IntArray
from undercut.sell.pricing.war.scene import Behaviour, Policy
from undercut.sell.pricing.war.simulate import War

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Fan:
    """A figure month by month: (T,) mean and (Q, T) quantiles at QUANTILES, over all paths."""

    mean: FloatArray
    quantiles: FloatArray


@dataclass(frozen=True, slots=True)
class Survival:
    """Probability of not having run out of cash.

    curve: (T,) by month. value: at the end. low, high: 90% of worlds. error: Monte Carlo standard
    error of `value`.
    """

    curve: FloatArray
    value: float
    low: float
    high: float
    error: float


@dataclass(frozen=True, slots=True)
class PolicyOutcome:
    """One policy. value: mean discounted profit, with the 5% and 95% quantiles over paths.

    regret: mean over worlds of what the best policy in that world earns more. worst_regret: the
    most in any behaviour of the rival. best_in: part of worlds in which it is best.
    """

    policy: Policy
    value: float
    value_low: float
    value_high: float
    value_error: float
    regret: float
    worst_regret: float
    best_in: float
    survival: Survival
    profit: Fan
    cash: Fan
    share: Fan
    price: FloatArray
    floored: float


@dataclass(frozen=True, slots=True)
class ByBehaviour:
    """If the rival behaves like this: mean value and survival of each policy, and the best one."""

    behaviour: Behaviour
    value: dict[Policy, float]
    survival: dict[Policy, float]
    best: Policy


@dataclass(frozen=True, slots=True)
class Turn:
    """What a doubt does to the answer: the best policy in its lowest and highest fifth of worlds.

    swing: how far the lead of the best policy over the next moves between the two, money.
    low, high: mean of the doubt in each fifth.
    """

    doubt: str
    low: float
    high: float
    best_at_low: Policy
    best_at_high: Policy
    swing: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything the answer rests on. best: highest mean value. safest: smallest worst regret.

    clear: whether the lead of the best over the next policy is more than twice its Monte Carlo
    error. perfect_information: what knowing the world in advance would be worth: regret of best.
    """

    policies: tuple[PolicyOutcome, ...]
    best: Policy
    next_best: Policy
    safest: Policy
    clear: bool
    perfect_information: float
    behaviours: tuple[ByBehaviour, ...]
    turns: tuple[Turn, ...]

    def of(self, policy: Policy) -> PolicyOutcome:
        """The outcome of one policy."""
        return next(each for each in self.policies if each.policy is policy)


def outcome_of(war: War) -> Outcome:
    """Summary of a simulated war."""
    by_world = np.stack([_world_means(war, course.value) for course in war.courses])
    regret = by_world.max(axis=0) - by_world
    behaviours = _behaviours(war, by_world)
    worst = _worst_regrets(war, by_world)

    def summary(place: int) -> PolicyOutcome:
        return _policy(war, war.courses[place], regret[place], worst[place], by_world)

    with ThreadPoolExecutor(war.config.threads) as pool:
        policies = tuple(pool.map(summary, range(len(war.courses))))
    ranked = sorted(policies, key=lambda each: -each.value)
    best, after = ranked[0], ranked[min(1, len(ranked) - 1)]
    gap = _course(war, best.policy).value - _course(war, after.policy).value
    error = float(gap.std(ddof=1) / np.sqrt(gap.size))
    return Outcome(
        policies,
        best.policy,
        after.policy,
        min(policies, key=lambda each: each.worst_regret).policy,
        bool(gap.mean() > 2.0 * error),
        best.regret,
        behaviours,
        _turns(war, by_world, best.policy, after.policy),
    )


def _course(war: War, policy: Policy) -> Course:
    return next(each for each in war.courses if each.policy is policy)


def _world_means(war: War, values: FloatArray) -> FloatArray:
    """(W,) means over the paths of each world."""
    worlds = war.worlds.growth.size
    sums = np.bincount(war.world_of, weights=values, minlength=worlds)
    found: FloatArray = sums / np.bincount(war.world_of, minlength=worlds)
    return found


def _policy(
    war: War, course: Course, regret: FloatArray, worst: float, by_world: FloatArray
) -> PolicyOutcome:
    low, high = np.quantile(course.value, (QUANTILES[0], QUANTILES[-1]))
    place = war.courses.index(course)
    return PolicyOutcome(
        course.policy,
        float(course.value.mean()),
        float(low),
        float(high),
        float(course.value.std(ddof=1) / np.sqrt(course.value.size)),
        float(regret.mean()),
        worst,
        float((by_world.argmax(axis=0) == place).mean()),
        survival_of(war, course.ruined_in),
        _fan(course.profit),
        _fan(course.cash),
        _fan(course.share),
        course.price,
        course.floored,
    )


def survival_of(war: War, ruined_in: IntArray) -> Survival:
    """Survival from (N,) months of ruin, T + 1 for none."""
    months, paths = war.config.months, ruined_in.size
    ruined = np.bincount(ruined_in, minlength=months + 2)[1 : months + 1]
    curve = 1.0 - np.cumsum(ruined) / paths
    value = float(curve[-1])
    each = _world_means(war, (ruined_in > months).astype(np.float64))
    share = paths / each.size
    noise = float((each * (1.0 - each)).mean() / max(share - 1.0, 1.0))
    spread = float(each.var())
    # what is left after the noise of few paths a world: shrunk towards the mean by that much
    keep = np.sqrt(max(spread - noise, 0.0) / spread) if spread > 0.0 else 0.0
    low, high = np.clip(value + keep * (np.quantile(each, (0.05, 0.95)) - value), 0.0, 1.0)
    error = float(np.sqrt(value * (1.0 - value) / paths))
    # few worlds with ruin in them put both quantiles on one side of the mean
    return Survival(curve, value, min(float(low), value), max(float(high), value), error)


def _fan(figures: Float32Array) -> Fan:
    quantiles = np.stack([_quantiles(row) for row in figures], axis=1)
    return Fan(figures.mean(axis=1, dtype=np.float64), quantiles)


def _quantiles(row: Float32Array) -> FloatArray:
    """Order statistics nearest to QUANTILES: with thousands of paths no interpolation is needed."""
    places = [round(level * (row.size - 1)) for level in QUANTILES]
    return np.partition(row, places)[places].astype(np.float64)


def _behaviours(war: War, by_world: FloatArray) -> tuple[ByBehaviour, ...]:
    made = []
    alive = np.stack(
        [
            _world_means(war, (course.ruined_in > war.config.months).astype(np.float64))
            for course in war.courses
        ]
    )
    for place, behaviour in enumerate(BEHAVIOURS):
        here = war.worlds.behaviour == place
        if not here.any():
            continue
        value = by_world[:, here].mean(axis=1)
        names = [course.policy for course in war.courses]
        made.append(
            ByBehaviour(
                behaviour,
                dict(zip(names, value.tolist(), strict=True)),
                dict(zip(names, alive[:, here].mean(axis=1).tolist(), strict=True)),
                names[int(value.argmax())],
            )
        )
    return tuple(made)


def _worst_regrets(war: War, by_world: FloatArray) -> list[float]:
    """What each policy loses most by, in the behaviour that is worst for it."""
    worst = np.zeros(by_world.shape[0])
    for place in range(len(BEHAVIOURS)):
        here = war.worlds.behaviour == place
        if here.any():
            value = by_world[:, here].mean(axis=1)
            worst = np.maximum(worst, value.max() - value)
    return [float(each) for each in worst]


_DOUBTS: Sequence[str] = (
    "price_coefficient",
    "rival_cost",
    "reconsider",
    "growth",
    "progress_ratio",
    "relent",
    "rival_cash_months",
    "cuts",
    "raises",
    "undo",
)


def _turns(war: War, by_world: FloatArray, best: Policy, after: Policy) -> tuple[Turn, ...]:
    names = [course.policy for course in war.courses]
    lead = by_world[names.index(best)] - by_world[names.index(after)]
    fifth = max(1, lead.size // 5)
    made = []
    for doubt in _DOUBTS:
        values: FloatArray = getattr(war.worlds, doubt)
        if np.ptp(values) <= 0.0:
            continue
        order = np.argsort(values, kind="stable")
        low, high = order[:fifth], order[-fifth:]
        made.append(
            Turn(
                doubt,
                float(values[low].mean()),
                float(values[high].mean()),
                names[int(by_world[:, low].mean(axis=1).argmax())],
                names[int(by_world[:, high].mean(axis=1).argmax())],
                float(abs(lead[high].mean() - lead[low].mean())),
            )
        )
    return tuple(sorted(made, key=lambda each: -each.swing))
