"""From texts to tokens for the n-gram model, a block of texts at a time, without a loop in Python.

A token is a run of letters, digits and marks between spaces and punctuation. In scripts written
without spaces (Chinese, Japanese kana, Thai, Lao, Burmese, Khmer) and for emoji each character
is a token of its own; the words of those scripts come back as sequences of two and three tokens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Reading stops here, so that one text's work is bounded; longer texts are judged by their start.
MAX_CHARACTERS = 10_000
SEPARATOR = "\0"

ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2600-\u27bf\u2e80-\u2fff\u3005-\u3007\u3040-\u30ff"
    "\u3100-\u312f\u31a0-\u9fff\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U0003ffff"
)
_BETWEEN = (
    r"\s\x00-\x20!-/:-@\[-`{-\xa9\xab\xac\xae-\xb1\xb4\xb6-\xb8\xbb\xbf\xd7\xf7"
    "\u2000-\u206f\u2190-\u25ff\u2e00-\u2e7f\u3000-\u303f\ufe00-\ufe0f\uff00-\uff0f\uff1a-\uff20"
    "\uff3b-\uff40\uff5b-\uff65"
)
_TOKEN = re.compile(rf"\0|[{ALONE}]|[^{_BETWEEN}{ALONE}]+")

# Chinese and Japanese keyboards write Latin letters and digits in double width.
_WIDE = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")
_WIDE_TO_NARROW = 0xFEE0


def block_tokens(texts: Sequence[str]) -> list[str]:
    """Lower-case tokens of all texts in order, with SEPARATOR between one text and the next.

    Any string is accepted: empty, NUL, unpaired surrogates. At most MAX_CHARACTERS of each
    text are read.
    """
    if max(map(len, texts), default=0) > MAX_CHARACTERS:
        texts = [text[:MAX_CHARACTERS] for text in texts]
    block = SEPARATOR.join(texts)
    if block.count(SEPARATOR) >= max(len(texts), 1):
        block = SEPARATOR.join([text.replace(SEPARATOR, " ") for text in texts])
    if not block.isascii():
        block = _WIDE.sub(_narrow, block)
    return _TOKEN.findall(block.lower())


def _narrow(match: re.Match[str]) -> str:
    return chr(ord(match.group()) - _WIDE_TO_NARROW)
