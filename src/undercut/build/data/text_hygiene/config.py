"""What text hygiene does, and what it says it did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HygieneConfig:
    """Steps that can be left out; composition (NFC) and lone surrogates are always put right.

    encodings: repair text that was decoded wrongly (mojibake), UTF-8, Windows and GBK families.
    markup: drop HTML tags and comments, decode entities. controls: drop control and zero-width
    characters. widths: half- and full-width forms, see widths.py. white_space: one blank between
    words, at most one empty line between paragraphs.
    simplified: write traditional Chinese in simplified characters; needs the extra `chinese`.
    """

    encodings: bool = True
    markup: bool = True
    controls: bool = True
    widths: bool = True
    white_space: bool = True
    simplified: bool = False


@dataclass(frozen=True, slots=True)
class Normalised:
    """text: after hygiene. changes: names of the steps that changed it, in order, each once."""

    text: str
    changes: tuple[str, ...]
