"""More labels, better labels, cleaning, edited copies, distilling or stopping, in money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_GAIN = 0.001


@dataclass(frozen=True, slots=True)
class Option:
    """One way to a better model.

    name: 'more', 'better', 'clean', 'augment' or 'distil'. gain: expected share of predictions
    that become right. cost: in money. measured: what the gain was read off.
    """

    name: str
    gain: float
    cost: float
    measured: str

    def value(self, point_worth: float | None) -> float | None:
        """Gain times what a hundredth of accuracy is worth, less the cost; None where unknown."""
        return None if point_worth is None else 100 * self.gain * point_worth - self.cost

    def pays(self, point_worth: float | None) -> bool:
        """Whether it is worth its cost, or gains enough to count where that is not known."""
        value = self.value(point_worth)
        return self.gain >= LEAST_GAIN if value is None else value > 0


@dataclass(frozen=True, slots=True)
class Choice:
    """What to do. option: None means stop. reason: 'pays', 'worth', 'budget' or 'gain'."""

    option: Option | None
    reason: str


def choose(options: Sequence[Option], *, money: float, point_worth: float | None) -> Choice:
    """The option that pays most, or stop.

    money: left. point_worth: what one hundredth of accuracy is worth; with it the largest gain in
    money wins and nothing that loses money is done. Without it the best gain for its money wins,
    as long as it is at least a tenth of a hundredth.
    """
    paying = [option for option in options if option.pays(point_worth)]
    within = [option for option in paying if option.cost <= money]
    if not within:
        if paying:
            return Choice(None, "budget")
        return Choice(None, "worth" if options and point_worth is not None else "gain")
    if point_worth is not None:
        return Choice(max(within, key=lambda o: o.value(point_worth) or 0.0), "pays")
    return Choice(max(within, key=lambda o: o.gain / max(o.cost, 1e-9)), "pays")
