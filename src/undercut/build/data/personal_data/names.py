"""Names of persons, by Presidio (extra `names`)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from undercut.build.data.personal_data.config import Candidate, Kind
from undercut.core.errors import MissingExtraError

_LEAST_SCORE = 0.5


def names(text: str) -> Iterator[Candidate]:
    """What Presidio's analyser takes for a person in English text.

    Raises MissingExtraError where presidio-analyzer (and its spaCy model) is not installed.
    """
    for result in _analyser().analyze(text=text, language="en", entities=["PERSON"]):
        if result.score >= _LEAST_SCORE:
            yield Candidate(Kind.NAME, result.start, result.end, 1)


@lru_cache(maxsize=1)
def _analyser() -> Any:
    try:
        from presidio_analyzer import AnalyzerEngine
    except ImportError as error:
        raise MissingExtraError("presidio-analyzer", "names", "masking names") from error
    return AnalyzerEngine()
