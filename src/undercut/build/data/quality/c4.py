"""The rules of C4 (Raffel et al. 2020, section 2.2), as shares of a whole text.

C4 cuts single lines and its list of bad words is not ours to ship; here a text is judged as one.
"""

from __future__ import annotations

import re

from undercut.build.data.quality.rule import Rule
from undercut.build.data.quality.shape import Shape

_SOURCE = "Raffel et al. 2020, 2.2"
_TERMINALS = (".", "!", "?", '"', "”", "。", "！", "？", "…", "」", "』")
_LOREM = re.compile("lorem ipsum", re.IGNORECASE)
_SCRIPT_WARNING = re.compile(r"javascript|启用脚本|开启脚本", re.IGNORECASE)
_POLICY = re.compile(
    "terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies|"
    "隐私政策|用户协议|服务条款",
    re.IGNORECASE,
)
_SHORT_LINE_WORDS = 5


def sentences(shape: Shape) -> float:
    """How many sentences; a line end ends one too."""
    return float(shape.sentences)


def complete_lines(shape: Shape) -> float | None:
    """Share of lines that end as sentences do and have five words."""
    if not shape.lines:
        return None
    whole = sum(line.endswith(_TERMINALS) and _long(line) for line in shape.lines)
    return whole / len(shape.lines)


def _long(line: str) -> bool:
    return len(Shape(line).words) >= _SHORT_LINE_WORDS


def lorem_ipsum(shape: Shape) -> float:
    """Occurrences of the printer's dummy text."""
    return float(len(_LOREM.findall(shape.text)))


def curly_brackets(shape: Shape) -> float:
    """Occurrences of `{`, the mark of program text."""
    return float(shape.text.count("{"))


def script_warning_lines(shape: Shape) -> float | None:
    """Share of lines that ask for JavaScript."""
    return _share(shape, _SCRIPT_WARNING)


def policy_lines(shape: Shape) -> float | None:
    """Share of lines about cookies, terms and privacy."""
    return _share(shape, _POLICY)


def _share(shape: Shape, wanted: re.Pattern[str]) -> float | None:
    if not shape.lines:
        return None
    return sum(wanted.search(line) is not None for line in shape.lines) / len(shape.lines)


RULES = (
    Rule("few_sentences", "no running text", sentences, "at_least", 3, _SOURCE),
    Rule("incomplete_lines", "menus and headings", complete_lines, "at_least", None, _SOURCE),
    Rule("lorem_ipsum", "a page without content yet", lorem_ipsum, "at_most", 0, _SOURCE),
    Rule("curly_brackets", "program text", curly_brackets, "at_most", 0, _SOURCE),
    Rule(
        "script_warnings", "asks to turn on JavaScript", script_warning_lines, "at_most", 0, _SOURCE
    ),
    Rule("policy_lines", "cookie and privacy notices", policy_lines, "at_most", 0, _SOURCE),
)
