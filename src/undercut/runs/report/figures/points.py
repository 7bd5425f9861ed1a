"""What the picture of cost against accuracy shows, before it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# An accuracy this far below the teacher would squeeze all others into a corner.
DEPTH = 0.2


Kind = Literal["candidate", "teacher", "plan"]


@dataclass(frozen=True, slots=True)
class Point:
    """A model in the picture. cost: dollars or seconds per million answers, positive."""

    name: str
    cost: float
    accuracy: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class Scene:
    """What the picture shows.

    floor_accuracy: keep x the teacher's accuracy, drawn as a line; in_money: whether costs are
    dollars; reference: name and cost of the reference.
    """

    points: tuple[Point, ...]
    floor_accuracy: float
    keep: float
    in_money: bool
    reference: tuple[str, float] | None

    @property
    def lowest(self) -> float:
        """Accuracies under this are named below the picture and not drawn."""
        main = [p.accuracy for p in self.points if p.kind != "candidate"]
        return min([*main, self.floor_accuracy]) - DEPTH

    @property
    def drawn(self) -> tuple[Point, ...]:
        """The points inside the picture; teacher and plan always are."""
        return tuple(p for p in self.points if p.accuracy >= self.lowest)

    @property
    def left_out(self) -> tuple[Point, ...]:
        """The points under the lower edge."""
        return tuple(p for p in self.points if p.accuracy < self.lowest)


def staircase(points: Sequence[Point]) -> list[Point]:
    """The points that are more accurate than everything cheaper, from cheap to dear."""
    best: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cost, -p.accuracy)):
        if not best or point.accuracy > best[-1].accuracy:
            best.append(point)
    return best
