"""Is this a text worth keeping? The published heuristics, each with its value and its threshold."""

from undercut.build.data.quality.config import (
    RULES,
    Limit,
    QualityConfig,
    short_texts,
    web_pages,
)
from undercut.build.data.quality.judge import Removal, judge, preview
from undercut.build.data.quality.rule import Finding, Rule

__all__ = [
    "RULES",
    "Finding",
    "Limit",
    "QualityConfig",
    "Removal",
    "Rule",
    "judge",
    "preview",
    "short_texts",
    "web_pages",
]
