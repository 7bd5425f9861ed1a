"""Tokens of a text as usage counts them: the same for every plan, and cheap."""

from __future__ import annotations

import re
from collections.abc import Sequence

from undercut.models.ngram_text import ALONE

_ALONE_CHARACTER = re.compile(f"[{ALONE}]")


def count_tokens(texts: Sequence[str]) -> int:
    """Tokens of all texts: words between white space, and each character of scripts without spaces.

    The whole text counts, however much of it a model reads. It depends on the text alone, so that
    usage stays comparable when another plan is deployed; a model's own tokens are 1.1 to 1.5 times
    as many for English. About 0.3 microseconds a short English text.
    """
    return sum([_count(text) for text in texts])


def _count(text: str) -> int:
    if text.isascii():
        return len(text.split())
    spaced, alone = _ALONE_CHARACTER.subn(" ", text)
    return len(spaced.split()) + alone
