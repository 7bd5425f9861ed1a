"""Bars that lie: a name, a length, a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from undercut.runs.report.figures.svg import element, picture, shorten, text, text_width

_ROW = 25.0
_LEAST = 2.0  # so that a small share is still seen


@dataclass(frozen=True, slots=True)
class Bar:
    """value: >= 0, its length. shown: the figure beside it. style: CSS class of the bar."""

    name: str
    value: float
    shown: str
    style: str = "answered"


def bars_figure(bars: Sequence[Bar], *, width: int, name: str, title: str, description: str) -> str:
    """The bars as SVG, `width` units wide; "" for none."""
    if not bars:
        return ""
    names = min(0.46 * width, max(text_width(bar.name, 12) for bar in bars) + 10)
    figures = max(text_width(bar.shown, 12) for bar in bars) + 8
    longest = max(bar.value for bar in bars) or 1.0
    room = width - names - figures
    marks: list[str] = []
    for number, bar in enumerate(bars):
        top = number * _ROW
        length = max(_LEAST, room * bar.value / longest) if bar.value > 0 else 0.0
        marks += [
            text(0, top + 15, shorten(bar.name, names - 8, 12), class_="name"),
            element("rect", x=names, y=top + 4, width=length, height=14, class_=bar.style),
            text(names + length + 6, top + 15, bar.shown, class_="tick"),
        ]
    return picture(width, _ROW * len(bars), *marks, name=name, title=title, description=description)
