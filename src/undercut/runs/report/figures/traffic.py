"""Which stage answers how much: one bar a stage, each starting where the last one ended."""

from __future__ import annotations

from collections.abc import Sequence

from undercut.runs.report import formats
from undercut.runs.report.figures.svg import element, picture, shorten, text, text_width
from undercut.runs.report.quality import Stage
from undercut.runs.report.words import Words

ROW = 62
SLIVER = 2.0  # so that a stage answering one text in a thousand is still seen


def traffic_figure(stages: Sequence[Stage], words: Words, *, width: int, name: str) -> str:
    """The stages as a waterfall over all texts, `width` units wide."""
    marks: list[str] = []
    done = 0.0
    for number, stage in enumerate(stages, start=1):
        top = (number - 1) * ROW
        marks += _row(number, stage, words, top, done, width)
        done += stage.share
    listed = ", ".join(
        words("traffic_stage", name=s.name, share=formats.percent(s.share)) for s in stages
    )
    return picture(
        width,
        ROW * len(stages) - 4,
        *marks,
        name=name,
        title=words("traffic"),
        description=words("traffic_alt", list=listed),
    )


def _row(number: int, stage: Stage, words: Words, top: float, done: float, width: int) -> list[str]:
    share = formats.percent(stage.share)
    start, length = width * done, max(SLIVER, width * stage.share)
    start = min(start, width - length)
    rest = max(0.0, width - start - length)
    room = width - text_width(share, 15) - 12
    explained = (
        words("traffic_last")
        if stage.threshold is None
        else words("traffic_on", threshold=f"{stage.threshold:.3g}")
    )
    return [
        text(0, top + 15, shorten(f"{number}  {stage.name}", room, 14), class_="name strong"),
        text(width, top + 15, share, class_="name strong", text_anchor="end"),
        element("rect", x=start, y=top + 23, width=length, height=12, class_="answered"),
        element("rect", x=start + length, y=top + 23, width=rest, height=12, class_="passed"),
        text(0, top + 50, shorten(explained, width, 12), class_="tick"),
    ]
