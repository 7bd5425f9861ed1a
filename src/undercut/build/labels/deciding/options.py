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
    within = [option for option in options if option.cost <= money]
    if not within:
        return Choice(None, "budget" if options else "gain")
    if point_worth is not None:
        best = max(within, key=lambda o: 100 * o.gain * point_worth - o.cost)
        pays = 100 * best.gain * point_worth > best.cost
        return Choice(best, "pays") if pays else Choice(None, "worth")
    useful = [option for option in within if option.gain >= LEAST_GAIN]
    if not useful:
        return Choice(None, "gain")
    return Choice(max(useful, key=lambda o: o.gain / max(o.cost, 1e-9)), "pays")
