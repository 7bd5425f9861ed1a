"""The rules of Gopher's MassiveText (Rae et al. 2021, appendix A.1.1), quality part.

In Chinese a character counts as a word, words have no length, and the stop words are Chinese.
"""

from __future__ import annotations

import re

from undercut.build.data.quality.rule import Rule
from undercut.build.data.quality.shape import LEAST_CHINESE_LINES, Shape

_SOURCE = "Rae et al. 2021, A.1.1"
_STOP_WORDS = frozenset(["the", "be", "to", "of", "and", "that", "have", "with"])
# The most frequent characters of written Chinese that carry grammar rather than matter.
# Those of written news (于以将其由该并等后因被从而但) stand beside those of speech.
_CHINESE_STOP_WORDS = frozenset("的了是在不和有我这也就都要你与为及对于以将其由该并等后因被从而但")
_SYMBOLS = re.compile(r"#|\.\.\.|…+")
_BULLETS = ("•", "‣", "▪", "●", "○", "■", "-", "*", "·", "➢", "►")
_ELLIPSES = ("...", "…", "。。。")
_EDGES = ".,;:!?\"'()[]{}“”‘’"


def words(shape: Shape) -> float:
    """How many words."""
    return float(len(shape.words))


def mean_word_length(shape: Shape) -> float | None:
    """Characters a word; None in Chinese and without words."""
    if shape.chinese or not shape.words:
        return None
    return sum(map(len, shape.words)) / len(shape.words)


def symbols_per_word(shape: Shape) -> float | None:
    """Hashes and ellipses over words."""
    return len(_SYMBOLS.findall(shape.text)) / len(shape.words) if shape.words else None


def bullet_lines(shape: Shape) -> float | None:
    """Share of lines that begin with a bullet."""
    return _share(shape, sum(line.startswith(_BULLETS) for line in shape.lines))


def ellipsis_lines(shape: Shape) -> float | None:
    """Share of lines that end with an ellipsis; None for a Chinese text of one or two lines."""
    if shape.chinese and len(shape.lines) < LEAST_CHINESE_LINES:
        return None
    return _share(shape, sum(line.endswith(_ELLIPSES) for line in shape.lines))


def words_with_letters(shape: Shape) -> float | None:
    """Share of words with a letter in them."""
    if not shape.words:
        return None
    return sum(any(map(str.isalpha, word)) for word in shape.words) / len(shape.words)


def stop_words(shape: Shape) -> float:
    """How many different stop words occur."""
    if shape.chinese:
        return float(len(_CHINESE_STOP_WORDS.intersection(shape.words)))
    return float(len(_STOP_WORDS.intersection(word.strip(_EDGES).lower() for word in shape.words)))


def _share(shape: Shape, lines: int) -> float | None:
    return lines / len(shape.lines) if shape.lines else None


RULES = (
    Rule("few_words", "too short to say something", words, "at_least", 50, _SOURCE),
    Rule("many_words", "a dump rather than a text", words, "at_most", 100_000, _SOURCE),
    Rule("short_words", "letters set apart, or tables", mean_word_length, "at_least", 3, _SOURCE),
    Rule("long_words", "addresses, keys or code", mean_word_length, "at_most", 10, _SOURCE),
    Rule("symbols", "hashes and ellipses", symbols_per_word, "at_most", 0.1, _SOURCE),
    Rule("bullet_lines", "a list, not prose", bullet_lines, "at_most", 0.9, _SOURCE),
    Rule("ellipsis_lines", "teasers cut short", ellipsis_lines, "at_most", 0.3, _SOURCE),
    Rule("few_letters", "numbers and signs", words_with_letters, "at_least", 0.8, _SOURCE),
    Rule("few_stop_words", "keywords, not sentences", stop_words, "at_least", 2, _SOURCE),
)
