"""Remains of HTML: tags, comments, entities."""

from __future__ import annotations

import html
import re

_BLOCKS_WRITTEN = """
    address article aside blockquote body br caption center dd details dialog div dl dt
    fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html legend li
    main nav ol optgroup option p pre section select summary table tbody tfoot thead title
    tr ul
"""
_BLOCKS = frozenset(_BLOCKS_WRITTEN.split())
_CELLS = frozenset(["td", "th"])
_INLINE_WRITTEN = """
    a abbr acronym area audio b base bdi bdo big button canvas cite code col colgroup data
    datalist del dfn em embed font i iframe img input ins kbd label link map mark meta meter
    noscript object output param picture progress q rp rt ruby s samp script small source
    span strike strong style sub sup svg template textarea time track tt u var video wbr
"""
_INLINE = frozenset(_INLINE_WRITTEN.split())
_NAMES = "|".join(sorted(_BLOCKS | _CELLS | _INLINE, key=len, reverse=True))
# No "<" inside a tag: a run of opening brackets is then scanned once, not once for each.
_TAG = re.compile(rf"</?({_NAMES})(?:[\s/][^<>]*+)?>|<!doctype[^<>]*+>", re.IGNORECASE)
_NAME = r"(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
_ENTITY = re.compile(rf"&(?:amp;)*+{_NAME}|&(?:amp;)++")
_NESTED = re.compile(r"&(?:amp;)+")
_HIDDEN = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"))


def drop_markup(text: str) -> str:
    """Without HTML: comments, scripts and styles go with what they hold, other tags alone.

    Block tags leave a line end, cells a blank, the rest nothing. Only names of HTML elements make
    a tag: `<3`, `a < b` and `List<String>` stay.
    """
    if "<" not in text:
        return text
    for opening, closing in _HIDDEN:
        text = _without_between(text, opening, closing)
    return _TAG.sub(_left_behind, text)


def decode_entities(text: str) -> str:
    """`&lt;`, `&#20320;` and `&amp;amp;` as the characters they mean.

    Only with the closing semicolon: `?a=1&copy=2` is an address.
    """
    if "&" not in text:
        return text
    return _ENTITY.sub(lambda found: html.unescape(_NESTED.sub("&", found[0])), text)


def _left_behind(found: re.Match[str]) -> str:
    name = (found[1] or "p").lower()
    return "\n" if name in _BLOCKS else " " if name in _CELLS else ""


def _without_between(text: str, opening: str, closing: str) -> str:
    folded = text.lower()
    if len(folded) != len(text):  # a few capitals lower to two characters
        folded = text
    kept: list[str] = []
    at = 0
    while (start := folded.find(opening, at)) >= 0:
        end = folded.find(closing, start + len(opening))
        if end < 0:
            break
        kept.append(text[at:start])
        at = end + len(closing)
    kept.append(text[at:])
    return "".join(kept)
