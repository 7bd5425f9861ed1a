"""Half- and full-width forms.

The rule: letters, digits and signs become half-width, katakana and Hangul full-width, as NFKC
has it. The full-width marks that Chinese and Japanese themselves write with (，！？：；（）～)
stay wherever the text has a Chinese, Japanese or Korean letter; in a text without one they were
typed with the keyboard in the wrong mode and become half-width.
"""

from __future__ import annotations

import re
import unicodedata

_OWN_MARKS = "！（），：；？～"
_FORMS = re.compile("[\u3000\uff01-\uffee]")
_EAST_ASIAN_LETTER = re.compile(
    "[\u3040-\u30fa\u30fc-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\uff66-\uffdc\U00020000-\U0003ffff]"
)
# The macron alone: its NFKC is a blank with a combining mark.
_ALWAYS = re.compile("[\u3000\uff01-\uffe2\uffe4-\uffee]+")
_BUT_MARKS = re.compile(f"(?:(?![{_OWN_MARKS}])[\u3000\uff01-\uffe2\uffe4-\uffee])+")


def settle_widths(text: str) -> str:
    """One width for each character, see above; changes nothing else of NFKC's."""
    if _FORMS.search(text) is None:
        return text
    forms = _BUT_MARKS if _EAST_ASIAN_LETTER.search(text) else _ALWAYS
    return forms.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
