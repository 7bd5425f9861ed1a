"""The rules FineWeb adds (Penedo et al. 2024, section 3.6). Chinese lines count as short below
half the characters; its texts often come as one paragraph without a last full stop, or with the
source in brackets behind it, and one or two lines are no list."""

from __future__ import annotations

import re

from undercut.build.data.quality.gopher_repetition import duplicate_share
from undercut.build.data.quality.rule import Rule
from undercut.build.data.quality.shape import LEAST_CHINESE_LINES, Shape

_SOURCE = "Penedo et al. 2024, 3.6"
_ENDS = (".", "!", "?", '"', "'", "”", "’", "。", "！", "？", "…", "；", ";", ":", "：", "」", "』")
_CHINESE_ENDS = (*_ENDS, "．", "｡", "）", "】", "》", ")", "～", "~")
_MARKS = re.compile("[，。！？；：、…,.!?;:．｡～~]")
_UNITS_A_MARK = 50
_SHORT_CHARACTERS = 30


def punctuated_lines(shape: Shape) -> float | None:
    """Share of lines that end with punctuation; for a Chinese text of one or two lines, 1 where it
    has a mark for every 50 characters, else 0: keywords in a row have none."""
    if not shape.lines:
        return None
    if shape.chinese and len(shape.lines) < LEAST_CHINESE_LINES:
        return float(_UNITS_A_MARK * len(_MARKS.findall(shape.text)) >= len(shape.words))
    ends = _CHINESE_ENDS if shape.chinese else _ENDS
    return sum(line.endswith(ends) for line in shape.lines) / len(shape.lines)


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
