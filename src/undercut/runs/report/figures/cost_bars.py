"""What a million answers cost, to scale, one bar a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from undercut.runs.report.figures.svg import element, picture, shorten, text, text_width
from undercut.runs.report.words import Words

ROW = 44
SLIVER = 1.5  # a bar of 1/1000 would vanish; its figure stands beside it


@dataclass(frozen=True, slots=True)
class Bar:
    """A model, its cost (any unit, the same for all) and the figure written beside it."""

    name: str
    cost: float
    shown: str
    kind: Literal["reference", "teacher", "plan"]


def cost_figure(bars: Sequence[Bar], words: Words, *, width: int, name: str, reference: str) -> str:
    """The bars as SVG, the longest as wide as the picture."""
    longest = max(bar.cost for bar in bars)
    marks: list[str] = []
    for row, bar in enumerate(bars):
        top = row * ROW
        length = max(SLIVER, width * bar.cost / longest)
        room = width - text_width(bar.shown, 14) - 12
        strong = "name strong" if bar.kind == "plan" else "name"
        marks += [
            text(0, top + 14, shorten(bar.name, room, 13), class_=strong),
            text(width, top + 14, bar.shown, class_=strong, text_anchor="end"),
            element("rect", x=0, y=top + 21, width=length, height=10, class_=f"bar {bar.kind}"),
        ]
    listed = ", ".join(f"{bar.name} {bar.shown}" for bar in bars)
    return picture(
        width,
        ROW * len(bars) - 8,
        *marks,
        name=name,
        title=words("against", reference=reference),
        description=words("against_alt", list=listed),
    )
