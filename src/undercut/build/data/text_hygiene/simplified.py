"""Traditional Chinese in simplified characters."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Protocol

from undercut.core.errors import MissingExtraError

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
# The library walks a tree of one level for each piece of a phrase: short pieces keep it flat.
_PIECE = 64


class _Converter(Protocol):
    def convert(self, string: str) -> str: ...


def simplify(text: str) -> str:
    """By OpenCC's tables `t2s`, phrases before characters; other scripts untouched.

    Raises MissingExtraError where opencc-python-reimplemented is not installed.
    """
    if _HAN.search(text) is None:
        return text
    return _HAN.sub(lambda run: _run(run[0]), text)


def _run(run: str) -> str:
    if len(run) <= _PIECE:
        return _short(run)
    return "".join(_short(run[at : at + _PIECE]) for at in range(0, len(run), _PIECE))


@lru_cache(maxsize=1 << 14)
def _short(run: str) -> str:
    return _converter().convert(run)


@lru_cache(maxsize=1)
def _converter() -> _Converter:
    try:
        from opencc import OpenCC
    except ImportError as error:
        package = "opencc-python-reimplemented"
        raise MissingExtraError(package, "chinese", "simplifying traditional Chinese") from error
    converter: _Converter = OpenCC("t2s")
    return converter
