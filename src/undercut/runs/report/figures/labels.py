"""Where to write the names of points so that nothing overlaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from undercut.runs.report.figures.svg import text_width


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Whether the two share area."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def inside(self, other: Box) -> bool:
        """Whether this lies wholly in the other."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.top <= self.top
            and self.bottom <= other.bottom
        )


@dataclass(frozen=True, slots=True)
class Label:
    """A text to write near the point (x, y); earlier labels choose first."""

    x: float
    y: float
    content: str
    font_size: float = 12
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A label with the left end of its baseline and whether it stands far enough for a leader."""

    label: Label
    x: float
    baseline: float
    box: Box
    led: bool


NEAR, FAR = 9.0, 26.0


def place(
    labels: Sequence[Label], *, bounds: Box, taken: Iterable[Box], shunned: Sequence[Box] = ()
) -> list[Placed]:
    """Each label at the first free place around its point; one without a free place is left out.

    Greedy, so that the important labels (given first) keep the natural places. Labels never
    overlap what is `taken`; only strong ones cross what is `shunned` (lines), and only where
    nothing else is left.
    """
    blocked = list(taken)
    placed: list[Placed] = []
    for label in labels:
        free = [s for s in _spots(label) if s.box.inside(bounds) and not _hits(s.box, blocked)]
        clear = [s for s in free if not _hits(s.box, shunned)]
        spot = next(iter(clear or (free if label.strong else [])), None)
        if spot is not None:
            placed.append(spot)
            blocked.append(spot.box)
    return placed


def _hits(box: Box, others: Iterable[Box]) -> bool:
    return any(box.overlaps(other) for other in others)


def _spots(label: Label) -> Iterable[Placed]:
    width = text_width(label.content, label.font_size) * (1.12 if label.strong else 1)
    height = label.font_size * 1.25
    for distance in (NEAR, FAR):
        diagonal = distance * 0.8
        for left, top in (
            (label.x + distance, label.y - height / 2),
            (label.x - distance - width, label.y - height / 2),
            (label.x - width / 2, label.y - distance - height),
            (label.x - width / 2, label.y + distance),
            (label.x + diagonal, label.y - diagonal - height),
            (label.x + diagonal, label.y + diagonal),
            (label.x - diagonal - width, label.y - diagonal - height),
            (label.x - diagonal - width, label.y + diagonal),
        ):
            box = Box(left, top, left + width, top + height)
            yield Placed(label, left, top + 0.8 * height, box, led=distance == FAR)
