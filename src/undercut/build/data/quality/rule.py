"""What a rule is, and what it reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from undercut.build.data.quality.shape import Shape

Side = Literal["at_least", "at_most"]


@dataclass(frozen=True, slots=True)
class Rule:
    """name: stable, as in reports. reason: why such a text is bad, for people.

    measure: the value of a text, None where the rule has nothing to say about it.
    side: the threshold is the least or the most that passes. published: the paper's threshold,
    None for a rule of our own. source: the paper.
    """

    name: str
    reason: str
    measure: Callable[[Shape], float | None]
    side: Side
    published: float | None
    source: str

    def rejects(self, value: float, threshold: float) -> bool:
        """Whether a value lies beyond the threshold; the threshold itself passes."""
        return value < threshold if self.side == "at_least" else value > threshold


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a text fails: its value, the threshold it missed, and why that is bad."""

    rule: str
    value: float
    threshold: float
    reason: str
