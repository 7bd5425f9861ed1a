"""Characters that nobody sees and models stumble over."""

from __future__ import annotations

import re

_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
# Arabic with its supplements, and the Indic and South-East Asian scripts: there the joiners
# choose between letter forms (UAX 31, section 2.3, and The Unicode Standard, chapters 9 and 12).
_JOINING = (
    "\u0600-\u08ff\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\ufb50-\ufdff\ufe70-\ufefc"
)

_KEPT_JOINER = (
    rf"(?<=[{_EMOJI}\ufe0f])\u200d(?=[{_EMOJI}])|(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])"
)
# A flag of a region is a black flag followed by tag letters and the cancel tag.
_KEPT_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f"
_DROPPED = (
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f"
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(1, 17))
    + "]"
)
_INVISIBLE = re.compile(f"({_KEPT_FLAG}|{_KEPT_JOINER})|{_DROPPED}")
_PROBE = re.compile(_DROPPED)


def drop_controls(text: str) -> str:
    """Without control, zero-width, direction and tag characters and noncharacters.

    Kept: line feed, tab and the other white space (its own step), the joiner inside emoji, the
    joiners between letters of scripts that need them, the tags of a region's flag.
    """
    if _PROBE.search(text) is None:
        return text
    return _INVISIBLE.sub(lambda found: found[1] or "", text)
