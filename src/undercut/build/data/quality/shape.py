"""What the rules look at: a text cut into words, lines and sentences, once."""

from __future__ import annotations

import re
from functools import cached_property

from undercut.build.data.scripts import letters

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_CHINESE_UNIT = re.compile(rf"[{_HAN}]|[^\s{_HAN}]+")
_PARAGRAPH = re.compile(r"\n\s*\n")
_ENGLISH_END = r"[.!?](?=[\s\"'”’)\]]|$)|[。！？]+|\n"
_SENTENCE_END = re.compile(_ENGLISH_END)
# Chinese is written without spaces: a half-width point ends a sentence where Han stands before it
# and no digit behind ("1.卫生" is a number, "不好.房间" are two sentences).
_CHINESE_END = re.compile(rf"(?<=[{_HAN}])[.!?．]+(?!\d)|[．｡～]+|{_ENGLISH_END}")

# From so many lines on, rules about the ends of lines have something to say about Chinese.
LEAST_CHINESE_LINES = 3


class Shape:
    """One text: `words` are what white space separates; in Chinese each character is one.

    chinese: Han characters are as many as a third of all letters or more.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def chinese(self) -> bool:
        if self.text.isascii():
            return False
        han = letters(self.text, "han")
        return han > 0 and 3 * han >= sum(map(str.isalpha, self.text))

    @cached_property
    def words(self) -> list[str]:
        return _CHINESE_UNIT.findall(self.text) if self.chinese else self.text.split()

    @cached_property
    def lines(self) -> list[str]:
        return [line for line in map(str.strip, self.text.splitlines()) if line]

    @cached_property
    def paragraphs(self) -> list[str]:
        return [part for part in map(str.strip, _PARAGRAPH.split(self.text)) if part]

    @cached_property
    def sentences(self) -> int:
        parts = (_CHINESE_END if self.chinese else _SENTENCE_END).split(self.text)
        return sum(any(map(str.isalnum, part)) for part in parts)
