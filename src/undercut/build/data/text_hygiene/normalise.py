"""`normalise`: the steps in order, until nothing changes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from undercut.build.data.text_hygiene.config import HygieneConfig, Normalised
from undercut.build.data.text_hygiene.controls import drop_controls
from undercut.build.data.text_hygiene.encodings import repair_encoding
from undercut.build.data.text_hygiene.markup import decode_entities, drop_markup
from undercut.build.data.text_hygiene.simplified import simplify
from undercut.build.data.text_hygiene.spaces import settle_spaces
from undercut.build.data.text_hygiene.surrogates import join_surrogates
from undercut.build.data.text_hygiene.widths import settle_widths

Step = tuple[str, Callable[[str], str]]

_DEFAULT = HygieneConfig()
# In ASCII only these call for a step: controls, markup, blanks at the ends or in a row.
_NEEDS_WORK = re.compile(r"[\x00-\x1f\x7f&<]|  |\A | \Z")
# Removing one layer may lay another bare (`&lt;b&gt;`). Honest text has two or three.
_LAYERS = 8
_OPENERS = str.maketrans("<&", "  ")


def normalise(text: str, config: HygieneConfig = _DEFAULT) -> Normalised:
    """A text in one form, and which steps changed it; applying it twice changes nothing more.

    Any str is accepted, lone surrogates too; the result can be encoded as UTF-8.
    Raises MissingExtraError where a step needs a package that is not installed.
    """
    if text.isascii() and _NEEDS_WORK.search(text) is None:
        return Normalised(text, ())
    steps = _steps(config)
    changes: dict[str, None] = {}
    for _ in range(_LAYERS):
        before, text = text, _once(text, steps, changes)
        if text == before:
            return Normalised(text, tuple(changes))
    return _bare(text, steps, changes)


def _bare(text: str, steps: list[Step], changes: dict[str, None]) -> Normalised:
    """Markup nested beyond reason: its brackets go, so that nothing can form again."""
    text = text.translate(_OPENERS)
    changes["markup"] = None
    for _ in range(_LAYERS):
        before, text = text, _once(text, steps, changes)
        if text == before:
            break
    return Normalised(text, tuple(changes))


def _once(text: str, steps: list[Step], changes: dict[str, None]) -> str:
    for name, step in steps:
        changed = step(text)
        if changed != text:
            changes[name] = None
            text = changed
    return text


def _steps(config: HygieneConfig) -> list[Step]:
    wanted: list[tuple[bool, Step]] = [
        (True, ("lone_surrogates", join_surrogates)),
        (config.encodings, ("broken_encoding", repair_encoding)),
        (config.markup, ("entities", decode_entities)),
        (config.markup, ("markup", drop_markup)),
        (config.controls, ("invisible_characters", drop_controls)),
        (config.widths, ("widths", settle_widths)),
        (True, ("composition", _compose)),
        (config.simplified, ("simplified", simplify)),
        (config.white_space, ("white_space", settle_spaces)),
    ]
    return [step for on, step in wanted if on]


def _compose(text: str) -> str:
    return unicodedata.normalize("NFC", text)
