"""White space."""

from __future__ import annotations

import re

_BLANKS = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_ROUND_LINE_END = re.compile(" ?\n ?")
_EMPTY_LINES = re.compile("\n{3,}")


def settle_spaces(text: str) -> str:
    """One blank between words, at most one empty line between paragraphs, none at the ends.

    Every kind of white space counts as a blank (no-break and ideographic too), every kind of line
    end as a line feed.
    """
    text = _BLANKS.sub(" ", _LINE_ENDS.sub("\n", text))
    return _EMPTY_LINES.sub("\n\n", _ROUND_LINE_END.sub("\n", text)).strip()
