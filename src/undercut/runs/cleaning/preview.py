"""What a quality threshold would remove from sources, without cleaning them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from undercut.build.data.documents import Document
from undercut.build.data.quality import Removal, preview
from undercut.build.data.quality.config import rule_named
from undercut.build.data.text_hygiene import HygieneConfig, normalise
from undercut.runs.cleaning.config import CleanConfig
from undercut.runs.sources import open_source


def preview_limits(
    sources: Sequence[str],
    rule: str,
    thresholds: Sequence[float],
    *,
    text_column: str | None = None,
    examples: int = 5,
) -> tuple[Removal, ...]:
    """What each threshold of one rule would remove, as the texts stand after the hygiene.

    Texts stream; nothing is written. Raises ConfigError for an unknown rule, and what opening and
    reading a source raises.
    """
    rule_named(rule)
    config = CleanConfig(sources=tuple(sources), text_column=text_column)
    return preview(_texts(config), rule, thresholds, examples=examples)


def published(rule: str) -> tuple[str, float | None, str, str]:
    """Side, published threshold, reason and source of a rule."""
    found = rule_named(rule)
    return found.side, found.published, found.reason, found.source


def removal_json(removal: Removal) -> dict[str, Any]:
    """Plain JSON."""
    return {
        "threshold": removal.threshold,
        "removed": removal.removed,
        "texts": removal.texts,
        "removed_chinese": removal.removed_chinese,
        "chinese": removal.chinese,
        "examples": [
            {"number": example.at + 1, "value": example.value, "text": example.text}
            for example in removal.examples
        ],
    }


def _texts(config: CleanConfig) -> Iterator[str]:
    hygiene = HygieneConfig()
    for address in config.sources:
        for batch in open_source(address, config.source_config).batches():
            for record in batch:
                if isinstance(record, Document):
                    yield normalise(record.text, hygiene).text[: config.max_text_characters]
