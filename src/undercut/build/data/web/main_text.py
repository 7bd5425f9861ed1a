"""The main text of a page: what a reader came for, without menus, teasers and footers.

trafilatura in its precise setting, which is best on the chosen half of the benchmark's pages (see
docs/decisions/0015), with two additions: where that setting keeps nearly nothing, the balanced
one is taken; and a headline that repeats the page's title is no part of its text, nor what stands
above it. Source: Barbaresi 2021 (trafilatura, ACL demo).
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Collection
from typing import Any

from undercut.core.errors import MissingExtraError

# Below this many characters, the balanced setting is tried too: it takes as long again.
_SHORT_CHARACTERS = 1_000
# A precise text of less than this share of the balanced one has lost the article.
_LOST_FRACTION = 0.2
_HEADLINE_LINES = 3
_WORD = re.compile(r"\w+")


def import_trafilatura() -> Any:
    """trafilatura; raises MissingExtraError where it, or a package that it needs, is missing."""
    try:
        return importlib.import_module("trafilatura")
    except ImportError as error:
        raise MissingExtraError(
            "trafilatura" if error.name is None else error.name,
            "data",
            "finding the main text of pages",
        ) from error


def main_text(html: str, *, url: str | None = None, titles: Collection[str] = ()) -> str:
    """The main text of a page, a paragraph a line; "" where the page has none.

    titles: the page's own titles, see `without_headline`. Tables are kept, comments are not.
    """
    text = _extract(html, url, precise=True)
    if len(text) < _SHORT_CHARACTERS:
        balanced = _extract(html, url, precise=False)
        if len(text) < _LOST_FRACTION * len(balanced):
            text = balanced
    return without_headline(text, titles)


def without_headline(text: str, titles: Collection[str]) -> str:
    """The text without a title among its first lines, and without what stands above that.

    >>> without_headline("News\\nRain, at last!\\nIt rained.", ["Rain at last"])
    'It rained.'
    """
    known = {_words(title) for title in titles} - {""}
    lines = text.split("\n")
    for position, line in enumerate(lines[:_HEADLINE_LINES]):
        if _words(line) in known and position + 1 < len(lines):
            return "\n".join(lines[position + 1 :])
    return text


def _extract(html: str, url: str | None, *, precise: bool) -> str:
    found = import_trafilatura().extract(
        html, url=url, favor_precision=precise, include_comments=False, include_tables=True
    )
    return found or ""


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))
