"""The rules FineWeb adds (Penedo et al. 2024, section 3.6). Chinese lines count as short below
half the characters."""

from __future__ import annotations

from undercut.build.data.quality.gopher_repetition import duplicate_share
from undercut.build.data.quality.rule import Rule
from undercut.build.data.quality.shape import Shape

_SOURCE = "Penedo et al. 2024, 3.6"
_ENDS = (".", "!", "?", '"', "'", "”", "’", "。", "！", "？", "…", "；", ";", ":", "：", "」", "』")
_SHORT_CHARACTERS = 30


def punctuated_lines(shape: Shape) -> float | None:
    """Share of lines that end with punctuation."""
    if not shape.lines:
        return None
    return sum(line.endswith(_ENDS) for line in shape.lines) / len(shape.lines)


def line_repeat_characters(shape: Shape) -> float | None:
    """Share of characters in lines that stood before."""
    return duplicate_share(shape.lines, characters=True)


def short_lines(shape: Shape) -> float | None:
    """Share of lines below 30 characters, 15 in Chinese."""
    if not shape.lines:
        return None
    short = _SHORT_CHARACTERS // 2 if shape.chinese else _SHORT_CHARACTERS
    return sum(len(line) < short for line in shape.lines) / len(shape.lines)


RULES = (
    Rule("unpunctuated_lines", "lists and menus", punctuated_lines, "at_least", 0.12, _SOURCE),
    Rule("line_repeats", "the same lines again", line_repeat_characters, "at_most", 0.1, _SOURCE),
    Rule("short_lines", "menus and tables", short_lines, "at_most", 0.67, _SOURCE),
)
