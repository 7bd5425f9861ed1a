"""Labelling rules: patterns and functions that each say one class or nothing.

One author's rules overlap, so they answer as one worker: the class with the most weight among the
rules that fired, nothing where two classes tie.
Source: labelling functions, Ratner et al., "Data programming" (2016); merging is left to the votes.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from undercut.core.errors import ConfigError, InputError
from undercut.core.text import script_of

# For one expression on one text; a thousandth of it is already slow.
SEARCH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. says: a text's class, None where the rule has nothing to say. weight: above 0."""

    name: str
    says: Callable[[str], str | None]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say together. fired: names of the rules that said something."""

    label: str | None
    fired: tuple[str, ...]


def pattern_rule(
    label: str,
    *,
    keywords: Sequence[str] = (),
    regex: str | None = None,
    unless: Sequence[str] = (),
    name: str | None = None,
    weight: float = 1.0,
) -> Rule:
    """A rule that says `label` where any keyword or the regular expression is found.

    keywords, unless: compared without case and width ("ＡＢＣ" is "abc"); words of letters match
    whole words, Chinese ones anywhere, since Chinese writes no spaces. `unless` wins. regex: a
    Python one, searched in the text as it stands, without case. Raises ConfigError for a rule
    that can never fire or an expression that is none. The rule raises InputError for a text on
    which its expression does not come to an end (`SEARCH_SECONDS`).
    """
    if not keywords and regex is None:
        raise ConfigError(f"the rule for {label!r} has neither keywords nor a regex")
    wanted, unwanted = _any_of(keywords), _any_of(unless)
    expression = _searcher(regex) if regex is not None else None

    def says(text: str) -> str | None:
        plain = fold(text)
        if unwanted is not None and unwanted.search(plain):
            return None
        found = (wanted is not None and wanted.search(plain)) or (
            expression is not None and expression(text)
        )
        return label if found else None

    return Rule(name or f"{label}: {_short(keywords, regex)}", says, weight)


def decide(rules: Sequence[Rule], text: str) -> Verdict:
    """The class with the most weight among the rules that fire, None where two are equal."""
    weights: dict[str, float] = defaultdict(float)
    fired = []
    for rule in rules:
        label = rule.says(text)
        if label is not None:
            weights[label] += rule.weight
            fired.append(rule.name)
    if not weights:
        return Verdict(None, ())
    most = max(weights.values())
    best = [label for label, weight in weights.items() if weight == most]
    return Verdict(best[0] if len(best) == 1 else None, tuple(fired))


def fold(text: str) -> str:
    """Text without differences of case and width, and with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _any_of(words: Sequence[str]) -> re.Pattern[str] | None:
    parts = [_bounded(fold(word)) for word in words if word.strip()]
    return re.compile("|".join(parts)) if parts else None


def _bounded(word: str) -> str:
    """A word with its borders, where its script has borders."""
    before = r"(?<!\w)" if _has_borders(word[0]) else ""
    after = r"(?!\w)" if _has_borders(word[-1]) else ""
    # a Latin word inside Chinese text stands alone: "刷pos机" has no spaces either
    cjk = "\u3400-\u9fff"
    before = before and rf"(?:(?<![\w])|(?<=[{cjk}]))"
    after = after and rf"(?:(?![\w])|(?=[{cjk}]))"
    return before + re.escape(word) + after


def _has_borders(character: str) -> bool:
    return character.isalnum() and script_of(character) != "cjk"


def _searcher(expression: str) -> Callable[[str], bool]:
    """Whether a text has it. By the library `regex`, since `re` cannot be stopped."""
    import regex

    try:
        compiled = regex.compile(expression, regex.IGNORECASE)
    except regex.error as error:
        raise ConfigError(f"not a regular expression: {expression!r}: {error}") from error

    def found(text: str) -> bool:
        try:
            return compiled.search(text, timeout=SEARCH_SECONDS) is not None
        except TimeoutError as error:
            raise InputError(
                f"the regex {expression!r} takes more than {SEARCH_SECONDS:g} seconds on the text"
                f" {text[:60]!r}",
                hint="repeats inside repeats, such as (a|aa)+, take for ever: write it without,"
                " or use keywords",
            ) from error

    return found


def _short(keywords: Sequence[str], regex: str | None) -> str:
    shown = ", ".join(keywords) if keywords else str(regex)
    return shown if len(shown) <= 40 else shown[:37] + "..."
