"""Rules of our own, for faults that the published sets do not name."""

from __future__ import annotations

import re
from collections import Counter

from undercut.build.data.quality.rule import Rule
from undercut.build.data.quality.shape import Shape

_SOURCE = "undercut"
_VISIBLE = re.compile(r"\S")


def visible_characters(shape: Shape) -> float:
    """How many characters can be seen."""
    return float(len(_VISIBLE.findall(shape.text)))


def replacement_characters(shape: Shape) -> float | None:
    """Share of U+FFFD and of the usual sign of twice-broken Chinese, 锟斤拷."""
    if not shape.text:
        return None
    return (shape.text.count("\ufffd") + 3 * shape.text.count("锟斤拷")) / len(shape.text)


def commonest_character(shape: Shape) -> float | None:
    """Share of the commonest character among those seen, from 20 on."""
    seen = _VISIBLE.findall(shape.text)
    return Counter(seen).most_common(1)[0][1] / len(seen) if len(seen) >= 20 else None


RULES = (
    Rule("nothing_visible", "no content", visible_characters, "at_least", None, _SOURCE),
    Rule(
        "lost_characters",
        "content lost to an encoding",
        replacement_characters,
        "at_most",
        None,
        _SOURCE,
    ),
    Rule("one_character", "a key held down", commonest_character, "at_most", None, _SOURCE),
)
