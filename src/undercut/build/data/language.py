"""Language identification for short texts: the script decides where it can, py3langid the rest."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from undercut.build.data.scripts import chinese_writing, letters, main_script
from undercut.core.errors import ConfigError, MissingExtraError

_BY_SCRIPT = {
    "kana": "ja",
    "hangul": "ko",
    "greek": "el",
    "hebrew": "he",
    "thai": "th",
    "devanagari": "hi",
    "armenian": "hy",
    "georgian": "ka",
    "bengali": "bn",
    "tamil": "ta",
    "telugu": "te",
}
_LATIN = "en de fr es it pt nl tr pl sv vi id cs da fi no hu ro ca"
_SHARED = {
    "latin": frozenset(_LATIN.split()),
    "cyrillic": frozenset(["ru", "uk", "bg"]),
    "arabic": frozenset(["ar", "fa", "ur"]),
}
COMMON = frozenset({"zh", *_BY_SCRIPT.values(), *frozenset().union(*_SHARED.values())})
# Addresses and mentions are in no language.
_NOISE = re.compile(r"(?:https?://|www\.)\S+|\S*@\S+")
_READ_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageConfig:
    """languages: ISO 639-1 codes that may be answered; the fewer, the surer.

    least_letters, least_confidence: below them the answer is None; they concern languages that
    share a script (Latin, Cyrillic, Arabic), as the others are told by their letters alone.
    Raises ConfigError for an unknown language.
    """

    languages: frozenset[str] = COMMON
    least_letters: int = 4
    least_confidence: float = 0.3

    def __post_init__(self) -> None:
        unknown = sorted(self.languages - COMMON)
        if unknown or not self.languages:
            raise ConfigError(
                f"unknown languages {unknown}; known are {', '.join(sorted(COMMON))}",
                hint="ISO 639-1 codes such as en, zh, de",
            )


@dataclass(frozen=True, slots=True)
class Language:
    """code: BCP 47 ("en", "zh-Hans", "zh-Hant"; "zh" where both write alike), None for unsure.

    confidence: in [0, 1]; 1 where the script alone decides.
    """

    code: str | None
    confidence: float


_UNSURE = Language(None, 0.0)
_DEFAULT = LanguageConfig()


def identify(text: str, config: LanguageConfig = _DEFAULT) -> Language:
    """The language most of a text is in, from its first 2,000 characters.

    Raises MissingExtraError where languages of one script must be told apart without py3langid.
    """
    text = _NOISE.sub(" ", text[:_READ_CHARACTERS])
    script = main_script(text)
    if script is None:
        return _UNSURE
    if script == "han":
        return _chinese(text) if "zh" in config.languages else _UNSURE
    if script in _BY_SCRIPT:
        code = _BY_SCRIPT[script]
        return Language(code, 1.0) if code in config.languages else _UNSURE
    return _by_model(text, script, config)


def _chinese(text: str) -> Language:
    writing = chinese_writing(text)
    return Language(f"zh-{writing}" if writing else "zh", 1.0)


def _by_model(text: str, script: str, config: LanguageConfig) -> Language:
    possible = _SHARED[script] & config.languages
    if len(possible) < 2:
        return Language(next(iter(possible)), 1.0) if possible else _UNSURE
    if letters(text, script) < config.least_letters:
        return _UNSURE
    code, confidence = _model(possible).classify(text)
    confidence = float(confidence)
    return Language(code if confidence >= config.least_confidence else None, confidence)


class _Model(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...

    def set_languages(self, langs: list[str]) -> None: ...


@lru_cache(maxsize=64)
def _model(languages: frozenset[str]) -> _Model:
    model: _Model = copy.copy(_whole_model())
    model.set_languages(sorted(languages))
    return model


@lru_cache(maxsize=1)
def _whole_model() -> _Model:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise MissingExtraError("py3langid", "data", "telling languages apart") from error
    model: _Model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return model
