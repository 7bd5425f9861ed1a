"""`judge`: which rules a text fails; `preview`: what a threshold would remove."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from undercut.build.data.quality.config import QualityConfig, rule_named, short_texts
from undercut.build.data.quality.rule import Finding
from undercut.build.data.quality.shape import Shape

_DEFAULT = short_texts()


def judge(text: str, config: QualityConfig = _DEFAULT) -> tuple[Finding, ...]:
    """Every rule of `config` that the text fails, in its order; none for a good text."""
    shape = Shape(text)
    found: list[Finding] = []
    for limit in config.limits:
        rule = rule_named(limit.rule)
        value = rule.measure(shape)
        threshold = limit.at(chinese=shape.chinese)
        if value is not None and rule.rejects(value, threshold):
            found.append(Finding(rule.name, value, threshold, rule.reason))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Removal:
    """What one threshold would remove: how many of how many, and the first few by position."""

    threshold: float
    removed: int
    texts: int
    examples: tuple[int, ...]

    @property
    def removed_fraction(self) -> float:
        """Share of the texts, 0 for none."""
        return self.removed / self.texts if self.texts else 0.0


def preview(
    texts: Iterable[str], rule: str, thresholds: Sequence[float], *, examples: int = 5
) -> tuple[Removal, ...]:
    """For each threshold, in the order given, what the rule alone would remove from the texts.

    Each text is measured once; texts may stream. Raises ConfigError for an unknown rule.
    """
    chosen = rule_named(rule)
    values = [chosen.measure(Shape(text)) for text in texts]
    removals: list[Removal] = []
    for threshold in thresholds:
        gone = [
            at
            for at, value in enumerate(values)
            if value is not None and chosen.rejects(value, threshold)
        ]
        removals.append(Removal(threshold, len(gone), len(values), tuple(gone[:examples])))
    return tuple(removals)
