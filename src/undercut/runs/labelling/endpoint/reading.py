"""From a model's reply to a class, or to nothing: a guess at what was meant is no answer."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence

_FENCE = re.compile(r"^```[a-z]*\s*(.*?)\s*```$", re.DOTALL)
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_EDGES = " \t\r\n\"'`*.,;:!。，；：！“”‘’「」"


def label_in(reply: str, classes: Sequence[str]) -> str | None:
    """The class that a reply names and nothing else; None where it is not exactly one.

    Read are `{"label": "x"}`, also within a code fence or at the start of the reply, and the bare
    class; without regard to case, width and marks around it. A sentence that mentions a class is
    no answer: "not positive" mentions one too.
    """
    text = _THOUGHT.sub("", reply).strip()
    fenced = _FENCE.match(text)
    text = fenced[1] if fenced else text
    named = {_plain(name): name for name in classes}
    if len(named) < len(classes):  # classes that differ in case only must be written exactly
        named = {name: name for name in classes}
    said = _said(text)
    if said is None:
        return None
    return said if said in classes else named.get(_plain(said))


def _said(text: str) -> str | None:
    if not text.startswith("{"):
        return text
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    label = value.get("label") if isinstance(value, dict) else None
    return label if isinstance(label, str) else None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip(_EDGES)
