"""Is this a text worth keeping? The published heuristics, each with its value and its threshold."""

from undercut.build.data.quality.config import (
    RULES,
    Limit,
    QualityConfig,
    parse_limit,
    short_texts,
    web_pages,
    with_limits,
)
from undercut.build.data.quality.judge import Example, Removal, judge, preview
from undercut.build.data.quality.rule import Finding, Rule

__all__ = [
    "RULES",
    "Example",
    "Finding",
    "Limit",
    "QualityConfig",
    "Removal",
    "Rule",
    "judge",
    "parse_limit",
    "preview",
    "short_texts",
    "web_pages",
    "with_limits",
]
