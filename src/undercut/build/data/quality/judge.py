"""`judge`: which rules a text fails; `preview`: what a threshold would remove."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from undercut.build.data.quality.config import QualityConfig, rule_named, short_texts
from undercut.build.data.quality.rule import Finding
from undercut.build.data.quality.shape import Shape

_DEFAULT = short_texts()
_EXAMPLE_CHARACTERS = 200


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
class Example:
    """A text that would go. at: its position; value: what the rule measured; text: cut short."""

    at: int
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Removal:
    """What one threshold would remove: how many of how many, and the first few.

    chinese: texts in Chinese among them, removed_chinese: among the removed.
    """

    threshold: float
    removed: int
    texts: int
    removed_chinese: int
    chinese: int
    examples: tuple[Example, ...]

    @property
    def removed_fraction(self) -> float:
        """Share of the texts, 0 for none."""
        return self.removed / self.texts if self.texts else 0.0


def preview(
    texts: Iterable[str], rule: str, thresholds: Sequence[float], *, examples: int = 5
) -> tuple[Removal, ...]:
    """For each threshold, in the order given, what the rule alone would remove from the texts.

    Each text is measured once and may stream: only counts and examples are kept. The threshold
    is the same for every language. Raises ConfigError for an unknown rule.
    """
    chosen = rule_named(rule)
    removed, removed_chinese = [0] * len(thresholds), [0] * len(thresholds)
    shown: list[list[Example]] = [[] for _ in thresholds]
    count = chinese = 0
    for at, text in enumerate(texts):
        shape = Shape(text)
        count += 1
        chinese += shape.chinese
        value = chosen.measure(shape)
        if value is None:
            continue
        for i, threshold in enumerate(thresholds):
            if chosen.rejects(value, threshold):
                removed[i] += 1
                removed_chinese[i] += shape.chinese
                if len(shown[i]) < examples:
                    shown[i].append(Example(at, value, text[:_EXAMPLE_CHARACTERS]))
    return tuple(
        Removal(threshold, removed[i], count, removed_chinese[i], chinese, tuple(shown[i]))
        for i, threshold in enumerate(thresholds)
    )
