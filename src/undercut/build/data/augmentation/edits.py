"""Random swap, deletion and insertion (Wei & Zou 2019), without a thesaurus.

EDA inserts synonyms; here a word of the same text is inserted again, which needs no download and
brings no word in that the label might not bear.
"""

from __future__ import annotations

import re

import numpy as np

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Chinese in pieces of two characters, the commonest length of its words; the rest by white space,
# which stays with the word before it.
_PIECE = re.compile(rf"[{_HAN}]{{1,2}}|[^\s{_HAN}]+\s*|\s+")
_CHINESE = re.compile(f"[{_HAN}]")
# Moving or losing one of these turns the meaning round, and often the label with it.
_NEGATIONS_WRITTEN = """
    no not never nor none nothing without cannot can't don't doesn't didn't won't isn't
    wasn't aren't weren't haven't hasn't shouldn't wouldn't couldn't ain't
"""
_NEGATIONS = frozenset(_NEGATIONS_WRITTEN.split())
_CHINESE_NEGATIONS = re.compile("[不没未无别非莫勿]")


def pieces(text: str) -> list[str]:
    """The text in words; joined they are the text again."""
    return _PIECE.findall(text)


def movable(piece: str) -> bool:
    """Whether an edit may touch a piece: no negation and no white space alone."""
    bare = piece.strip().strip(".,;:!?").lower().replace("’", "'")
    return bool(bare) and bare not in _NEGATIONS and not _CHINESE_NEGATIONS.search(piece)


def swap(parts: list[str], rng: np.random.Generator) -> list[str]:
    """Two words change places."""
    places = [at for at, part in enumerate(parts) if movable(part)]
    if len(places) < 2:
        return parts
    one, other = (places[i] for i in rng.choice(len(places), 2, replace=False))
    edited = list(parts)
    edited[one], edited[other] = (
        _spaced_as(parts[other], parts[one]),
        _spaced_as(parts[one], parts[other]),
    )
    return edited


def delete(parts: list[str], rng: np.random.Generator) -> list[str]:
    """One word goes, the last one never."""
    places = [at for at, part in enumerate(parts) if movable(part)]
    if len(places) < 2:
        return parts
    gone = places[int(rng.integers(len(places)))]
    return [*parts[:gone], *parts[gone + 1 :]]


def insert(parts: list[str], rng: np.random.Generator) -> list[str]:
    """One word of the text stands a second time, somewhere else."""
    places = [at for at, part in enumerate(parts) if movable(part)]
    if not places:
        return parts
    word = parts[places[int(rng.integers(len(places)))]]
    at = int(rng.integers(len(parts)))
    spaced = any(part[-1].isspace() for part in parts) and not _CHINESE.match(word)
    blank = " " if spaced else ""
    return [*parts[:at], word.rstrip() + blank, *parts[at:]]


def _spaced_as(word: str, model: str) -> str:
    return word.rstrip() + model[len(model.rstrip()) :]
