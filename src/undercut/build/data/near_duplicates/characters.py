"""Which character counts as which when texts are compared: one table, read by whole arrays."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

CodeArray = NDArray[np.uint32]
KindArray = NDArray[np.uint8]

# Kinds of characters.
EDGE: Final = 0  # stands between two texts
SPACE: Final = 1
LETTER: Final = 2
DIGIT: Final = 3
ALONE: Final = 4  # a script written without spaces, and emoji: a word of its own
DROPPED: Final = 5
COMPLEX: Final = 6  # means several characters, or joins with its neighbour: fold the string first

SPACE_CODE: Final = 0x20
_TABLE_END = 0x30000
_APOSTROPHES = "'’‘`´ʼ＇"
_ALONE_BLOCKS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2600, 0x27BF),  # symbols and dingbats
    (0x2E80, 0x2FFF),  # radicals
    (0x3005, 0x3007),
    (0x3040, 0x30FF),  # kana
    (0x3100, 0x312F),  # bopomofo
    (0x31A0, 0x9FFF),  # Han
    (0xF900, 0xFAFF),
    (0x1F000, 0x1FAFF),  # emoji
    (0x20000, 0x3FFFF),  # Han, rare
)
# Characters that fold to themselves, too many to ask one by one.
_PLAIN_HAN = range(0x4E00, 0xA000)
_RARE_HAN = range(0x20000, 0x2F800)
_HANGUL = range(0xAC00, 0xD7A4)
_HANGUL_JAMO = (0x1100, 0x11FF)


@dataclass(frozen=True)
class CharacterTable:
    """What each code point becomes.

    codes: (table,) uint32 folded code points. kinds: (table,) uint8, one of the kinds above.
    """

    codes: CodeArray
    kinds: KindArray

    def read(self, codes: CodeArray) -> tuple[CodeArray, KindArray]:
        """Folded code points and kinds of the given code points, both (n,)."""
        if len(codes) and int(codes.max()) >= _TABLE_END:
            return self._read_rare(codes)
        return self.codes.take(codes), self.kinds.take(codes)

    def _read_rare(self, codes: CodeArray) -> tuple[CodeArray, KindArray]:
        folded, kinds = self.codes.take(codes, mode="clip"), self.kinds.take(codes, mode="clip")
        rare = np.flatnonzero(codes >= _TABLE_END)
        folded[rare] = codes[rare]
        # Above the Han blocks stand tags, variation selectors and private use: not seen.
        kinds[rare] = np.where(codes[rare] < 0x40000, ALONE, DROPPED)
        return folded, kinds


@cache
def character_table(*, punctuation: bool) -> CharacterTable:
    """Case, width and compatibility forms folded; punctuation a space, or kept where asked.

    Source: Unicode Standard Annex 15 (NFKC) and section 5.18 (case folding), a character at a
    time; characters for which that is not the whole truth are COMPLEX.
    """
    codes = np.arange(_TABLE_END, dtype=np.uint32)
    kinds = np.full(_TABLE_END, LETTER, dtype=np.uint8)
    for code in range(1, _TABLE_END):
        if code in _PLAIN_HAN or code in _RARE_HAN:
            kinds[code] = ALONE
        elif code not in _HANGUL:
            codes[code], kinds[code] = _entry(code, punctuation)
    kinds[0] = EDGE
    return CharacterTable(codes, kinds)


def fold_string(text: str) -> str:
    """Compatibility composition and case folding of a whole string."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)


def _entry(code: int, punctuation: bool) -> tuple[int, int]:
    character = chr(code)
    category = unicodedata.category(character)
    if category[0] == "Z" or category == "Cc":
        return SPACE_CODE, SPACE
    if category == "Cf" or 0xFE00 <= code <= 0xFE0F:
        return code, DROPPED
    if category[0] == "P" or character in "`´＇":
        if punctuation:
            return code, LETTER
        return (code, DROPPED) if character in _APOSTROPHES else (SPACE_CODE, SPACE)
    if category == "Nd":
        return ord("0") + unicodedata.digit(character), DIGIT
    if _joins(code, category):
        return code, COMPLEX
    folded = fold_string(character)
    if len(folded) != 1:
        return code, COMPLEX
    return _letter(ord(folded))


def _letter(code: int) -> tuple[int, int]:
    if ord("0") <= code <= ord("9"):
        return code, DIGIT
    if code >= _ALONE_BLOCKS[0][0] and any(low <= code <= high for low, high in _ALONE_BLOCKS):
        return code, ALONE
    return code, LETTER


def _joins(code: int, category: str) -> bool:
    return category[0] == "M" or _HANGUL_JAMO[0] <= code <= _HANGUL_JAMO[1]
