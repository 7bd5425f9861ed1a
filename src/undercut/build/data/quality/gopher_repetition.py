"""Gopher's repetition rules (Rae et al. 2021, table A1).

In Chinese, where a word has about two characters, an n-gram is of 2n characters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from undercut.build.data.quality.rule import Rule
from undercut.build.data.quality.shape import Shape

_SOURCE = "Rae et al. 2021, table A1"
_TOP = {2: 0.20, 3: 0.18, 4: 0.16}
_DUPLICATED = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}


def duplicate_share(parts: Sequence[str], *, characters: bool) -> float | None:
    """Share of parts that stood before, by count or by characters; None for no parts."""
    if not parts:
        return None
    seen: set[str] = set()
    repeated: list[str] = []
    for part in parts:
        if part in seen:
            repeated.append(part)
        seen.add(part)
    if characters:
        return sum(map(len, repeated)) / sum(map(len, parts))
    return len(repeated) / len(parts)


def top_ngram(shape: Shape, n: int) -> float | None:
    """Share of characters inside the commonest n-gram; 0 where none repeats."""
    words, n = shape.words, 2 * n if shape.chinese else n
    if len(words) < n:
        return None
    gram, count = Counter(zip(*(words[at:] for at in range(n)), strict=False)).most_common(1)[0]
    total = sum(map(len, words))
    return min(1.0, count * sum(map(len, gram)) / total) if count > 1 else 0.0


def duplicated_ngrams(shape: Shape, n: int) -> float | None:
    """Share of characters inside n-grams that stood before, each character once."""
    words, n = shape.words, 2 * n if shape.chinese else n
    if len(words) < n:
        return None
    seen: set[tuple[str, ...]] = set()
    covered = 0
    done = 0
    for at, gram in enumerate(zip(*(words[k:] for k in range(n)), strict=False)):
        if gram in seen:
            covered += sum(map(len, words[max(at, done) : at + n]))
            done = at + n
        seen.add(gram)
    return covered / sum(map(len, words))


def _top(n: int) -> Callable[[Shape], float | None]:
    return lambda shape: top_ngram(shape, n)


def _again(n: int) -> Callable[[Shape], float | None]:
    return lambda shape: duplicated_ngrams(shape, n)


def _rule(name: str, measure: Callable[[Shape], float | None], most: float) -> Rule:
    return Rule(name, "says the same again and again", measure, "at_most", most, _SOURCE)


RULES = (
    _rule("repeated_lines", lambda s: duplicate_share(s.lines, characters=False), 0.30),
    _rule("repeated_paragraphs", lambda s: duplicate_share(s.paragraphs, characters=False), 0.30),
    _rule("repeated_line_characters", lambda s: duplicate_share(s.lines, characters=True), 0.20),
    _rule(
        "repeated_paragraph_characters",
        lambda s: duplicate_share(s.paragraphs, characters=True),
        0.20,
    ),
    *(_rule(f"top_{n}_gram", _top(n), most) for n, most in _TOP.items()),
    *(_rule(f"repeated_{n}_grams", _again(n), most) for n, most in _DUPLICATED.items()),
)
