"""Which writing a text is in: counts of letters by script, and simplified against traditional."""

from __future__ import annotations

import re
from functools import lru_cache

# Unicode blocks of letters; only what tells languages apart.
_SCRIPTS = {
    "latin": "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff",
    "han": "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    "kana": "\u3041-\u309f\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff\uff66-\uff9f",
    "hangul": "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3",
    "cyrillic": "\u0400-\u052f",
    "arabic": "\u0620-\u065f\u066e-\u06ef\u06fa-\u06ff\u0750-\u077f\u08a0-\u08ff"
    "\ufb50-\ufdff\ufe70-\ufefc",
    "greek": "\u0370-\u03ff\u1f00-\u1fff",
    "hebrew": "\u05d0-\u05ea",
    "thai": "\u0e01-\u0e3a\u0e40-\u0e4e",
    "devanagari": "\u0900-\u0963\u0970-\u097f",
    "armenian": "\u0531-\u0587",
    "georgian": "\u10a0-\u10ff",
    "bengali": "\u0980-\u09e3",
    "tamil": "\u0b80-\u0be5",
    "telugu": "\u0c00-\u0c65",
}
_LETTERS = {name: re.compile(f"[{blocks}]+") for name, blocks in _SCRIPTS.items()}
_HAN = re.compile(f"[{_SCRIPTS['han']}]")
# Simplified forms that Big5 has as well, as rare characters of another meaning.
_BIG5_BY_CHANCE = frozenset(
    "万与价优体党凄厂厘吨圣复宁岭庄异怀怜惊扰据机极构柜栖气泞洁洒洼涂淀熏瓮痒确离种篱网羡肮胜腊苹茧蚕蜡蝎触赶适"
)
# A character of Chinese says about what three letters say.
_WEIGHTS = {"han": 3, "kana": 3, "hangul": 3}


def letters(text: str, script: str) -> int:
    """How many letters of a script ("latin", "han", ...) a text has."""
    return sum(len(run) for run in _LETTERS[script].findall(text))


def main_script(text: str) -> str | None:
    """The script that most of the text is in, None without letters of a known one.

    "han" stands for Chinese; Japanese is "kana": Han and kana together, with kana a seventh of
    them or more (の alone, common on Chinese shop signs, does not count).
    """
    if text.isascii():
        return "latin" if letters(text, "latin") else None
    counts = {name: letters(text, name) * _WEIGHTS.get(name, 1) for name in _LETTERS}
    kana = counts["kana"] - _WEIGHTS["kana"] * text.count("の")
    east = counts["han"] + counts["kana"]
    counts["kana"], counts["han"] = (east, 0) if kana > 0 and 7 * kana >= east else (0, east)
    best = max(counts, key=lambda name: (counts[name], name in _WEIGHTS))
    return best if counts[best] else None


def chinese_writing(text: str) -> str:
    """ "Hans", "Hant", or "" where every character is the same in both.

    A character of GB 2312 (1980) that Big5 (1984) lacks is simplified, the reverse traditional.
    """
    votes = sum(map(_vote, _HAN.findall(text)))
    return "Hans" if votes > 0 else "Hant" if votes < 0 else ""


@lru_cache(maxsize=1 << 15)
def _vote(character: str) -> int:
    if character in _BIG5_BY_CHANCE:
        return 1
    return _encodable(character, "gb2312") - _encodable(character, "big5")


def _encodable(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
