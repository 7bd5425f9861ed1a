"""Which writing and which language a set of texts is in: enough to choose an encoder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

Script = Literal["latin", "cjk", "mixed"]

_ROWS = 2_000
_CHARACTERS = 1_000
# one text in ten in another script is too many for an encoder that cannot read it
_DOMINANT_FRACTION = 0.9
_FOREIGN_LETTERS_FRACTION = 0.02

_CJK = (
    (0x1100, 0x11FF),  # Hangul jamo
    (0x3005, 0x3007),  # iteration mark, closing mark, zero
    (0x3040, 0x312F),  # kana, bopomofo
    (0x3130, 0x318F),  # Hangul compatibility jamo
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7AF),  # Hangul syllables
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),  # half-width kana
    (0x20000, 0x3FFFF),
)
_LATIN = ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF), (0xFF21, 0xFF5A))

# Words frequent in one language and no word of the other list: neither "is" (Dutch) nor "die".
_ENGLISH_WORDS = """
    the and of you for with have this are not my what how can your there why been when do did does
    it they from but would which who i'm it's don't
"""
_OTHER_WORDS = """
    der das und ist nicht ich ein eine zu mit von auf für wie mein kann wird sich
    le les et est je une des que pas pour dans vous mon avec qui sur mais c'est
    el los las y por para como una con mi se pero está muy
    il che di non sono del della mia ho anche
    os não um uma com meu minha eu da em foi
    het een niet ik van mijn dat voor met hoe maar wat
    och att det som jag inte på är
    yang dan ini itu saya untuk tidak dengan
    nie się jest na bir ve için
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_NOT_ENGLISH = frozenset(_OTHER_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


@dataclass(frozen=True, slots=True)
class ScriptMix:
    """Shares of scripts over the letters of texts; they sum to 1, or are all 0 without letters.

    latin, cjk (Chinese, Japanese, Korean), other (Cyrillic, Arabic, ...), each in [0, 1].
    """

    latin: float
    cjk: float
    other: float


def script_mix(texts: Sequence[str]) -> ScriptMix:
    """Mean of the script shares of each text, over at most 2,000 rows spread evenly.

    Every text weighs the same: a Chinese sentence has a fifth of the letters of an English one,
    and counting letters would hide it.
    """
    counts = np.array([_counts(text[:_CHARACTERS]) for text in _spread(texts)], dtype=np.float64)
    counts = counts.reshape(-1, 3)
    letters = counts.sum(axis=1, keepdims=True)
    with_letters = letters[:, 0] > 0
    if not with_letters.any():
        return ScriptMix(latin=0.0, cjk=0.0, other=0.0)
    shares = (counts[with_letters] / letters[with_letters]).mean(axis=0)
    # Rounded, so that the order of the texts cannot move a share across a threshold.
    latin, cjk, other = shares.round(12)
    return ScriptMix(latin=float(latin), cjk=float(cjk), other=float(other))


def dominant_script(texts: Sequence[str]) -> Script:
    """The script of at least nine tenths of the writing; 'mixed' for the rest.

    Texts without any letter count as 'latin', other scripts (Cyrillic, Arabic) as 'mixed': both
    'cjk' and 'mixed' call for a multilingual encoder.
    """
    mix = script_mix(texts)
    if mix.cjk >= _DOMINANT_FRACTION:
        return "cjk"
    if mix.latin >= _DOMINANT_FRACTION or mix == ScriptMix(0.0, 0.0, 0.0):
        return "latin"
    return "mixed"


def looks_english(texts: Sequence[str]) -> bool:
    """Whether texts in Latin script are English rather than another language.

    Compares the frequency of English stop words with that of ten other languages; texts with
    neither (search words, product names) pass unless accented letters are common.
    """
    if dominant_script(texts) != "latin":
        return False
    english = others = accented = letters = 0
    for text in _spread(texts):
        words = _WORD.findall(text[:_CHARACTERS].lower().replace("’", "'"))
        english += sum(word in _ENGLISH for word in words)
        others += sum(word in _NOT_ENGLISH for word in words)
        letters += sum(map(len, words))
        accented += sum(character > "\x7f" for word in words for character in word)
    return english >= 2 * others and accented <= _FOREIGN_LETTERS_FRACTION * letters


def _spread(texts: Sequence[str]) -> Sequence[str]:
    return texts[:: max(1, -(-len(texts) // _ROWS))]


def _counts(text: str) -> tuple[int, int, int]:
    kinds = [script_of(character) for character in text]
    return kinds.count("latin"), kinds.count("cjk"), kinds.count("other")


@lru_cache(maxsize=1 << 15)
def script_of(character: str) -> str:
    """Family of a letter's script: 'latin', 'cjk' or 'other'; '' for what is no letter."""
    code = ord(character)
    if not character.isalpha():
        return ""
    if any(low <= code <= high for low, high in _LATIN):
        return "latin"
    if any(low <= code <= high for low, high in _CJK):
        return "cjk"
    return "other"
