"""Which rules apply, and from where on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from undercut.build.data.quality import c4, fineweb, gopher, gopher_repetition, own
from undercut.build.data.quality.rule import Rule
from undercut.core.errors import ConfigError

RULES: dict[str, Rule] = {
    rule.name: rule
    for family in (own, gopher, gopher_repetition, c4, fineweb)
    for rule in family.RULES
}


@dataclass(frozen=True, slots=True)
class Limit:
    """threshold: the least or the most that passes, as the rule has it; chinese: another one for
    Chinese text, None for the same. Raises ConfigError for an unknown rule."""

    rule: str
    threshold: float
    chinese: float | None = None

    def __post_init__(self) -> None:
        rule_named(self.rule)

    def at(self, *, chinese: bool) -> float:
        """The threshold for a text."""
        return self.threshold if self.chinese is None or not chinese else self.chinese


@dataclass(frozen=True, slots=True)
class QualityConfig:
    """limits: judged in this order. Raises ConfigError where a rule is named twice."""

    limits: tuple[Limit, ...]

    def __post_init__(self) -> None:
        names = [limit.rule for limit in self.limits]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(f"quality rules named twice: {', '.join(twice)}")


def rule_named(name: str) -> Rule:
    """The rule of this name; ConfigError for none."""
    if name not in RULES:
        raise ConfigError(
            f"unknown quality rule {name!r}", hint=f"one of {', '.join(sorted(RULES))}"
        )
    return RULES[name]


def parse_limit(text: str) -> tuple[str, Limit | None]:
    """A rule and its limit from "RULE=NUMBER", "RULE=NUMBER,NUMBER" (the second for Chinese) or
    "RULE=off", None for the last. Raises ConfigError for anything else."""
    name, _, value = text.partition("=")
    name = rule_named(name.strip()).name
    if value.strip() == "off":
        return name, None
    try:
        numbers = [float(part) for part in value.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or not all(map(isfinite, numbers)):
        raise ConfigError(
            f"quality limit {text!r}: expected RULE=NUMBER, RULE=NUMBER,NUMBER or RULE=off",
            hint="few_words=30, few_words=30,50 (the second for Chinese text), short_lines=off",
        )
    return name, Limit(name, *numbers)


def with_limits(config: QualityConfig, changes: Iterable[str]) -> QualityConfig:
    """The config with limits changed, turned off or added at its end, as `parse_limit` reads them.

    Where a rule is named twice the last one counts.
    """
    limits: dict[str, Limit | None] = {limit.rule: limit for limit in config.limits}
    limits.update(map(parse_limit, changes))
    return QualityConfig(tuple(limit for limit in limits.values() if limit is not None))


def short_texts() -> QualityConfig:
    """For tickets, comments and messages (the default): only what is no text at all goes.

    "ok" and "退款" are texts here: no least number of words, no stop words, no sentences.
    """
    return QualityConfig(
        (
            Limit("nothing_visible", 1),
            Limit("lost_characters", 0.1),
            Limit("one_character", 0.8),
            Limit("many_words", 10_000, chinese=16_000),
            Limit("long_words", 80),
            Limit("lorem_ipsum", 0),
            Limit("repeated_line_characters", 0.6),
            Limit("repeated_10_grams", 0.6),
        )
    )


def web_pages() -> QualityConfig:
    """For crawled pages: the published thresholds, and what they come to in Chinese.

    Chinese ones rest on real Chinese prose (see this folder's README): about 1.7 characters say
    what an English word says, a sentence holds twice as much. Left out: curly brackets
    and single policy lines, for which C4 cuts lines and here whole pages would go.
    """
    own_limits = (Limit("nothing_visible", 1), Limit("lost_characters", 0.05))
    chinese = {"few_words": 80, "many_words": 160_000, "few_letters": 0.7, "few_sentences": 2}
    published = tuple(
        Limit(rule.name, rule.published, chinese.get(rule.name))
        for rule in RULES.values()
        if rule.published is not None and rule.name not in ("curly_brackets", "policy_lines")
    )
    softer = {"script_warnings": 0.2}
    return QualityConfig(
        (
            *own_limits,
            *(Limit(x.rule, softer.get(x.rule, x.threshold), x.chinese) for x in published),
        )
    )
