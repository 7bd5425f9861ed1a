"""Which key stands for which class."""

from __future__ import annotations

from collections.abc import Sequence

ACCEPT, SKIP, UNDO, FIND, QUIT = "\r", "s", "u", "/", "q"
_KEYS = "123456789abcdefghijklmnoprtvwxyz0"


def class_keys(classes: Sequence[str]) -> dict[str, str]:
    """Key → class: digits first, then letters that mean nothing else.

    Classes beyond the keys are reached by `/`, which finds any class by a part of its name.
    """
    return dict(zip(_KEYS, classes, strict=False))


def matching(classes: Sequence[str], typed: str) -> list[str]:
    """Classes that hold what was typed: those that begin with it first, then in their order."""
    part = typed.casefold().strip()
    if not part:
        return []
    found = [name for name in classes if part in name.casefold()]
    return sorted(found, key=lambda name: not name.casefold().startswith(part))
