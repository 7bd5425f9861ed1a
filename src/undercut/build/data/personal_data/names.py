"""Names of persons, by Presidio with spaCy models that are installed (extra `names`).

Presidio downloads a model of half a gigabyte where its default one is missing. Here only models
that stand on this machine are used, and the languages are those that have one.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from undercut.build.data.language import identify
from undercut.build.data.personal_data.config import Candidate, Kind
from undercut.core.errors import MissingExtraError

_LEAST_SCORE = 0.5
# The best first; of each language one is used.
MODELS: Final = {
    "en": ("en_core_web_lg", "en_core_web_md", "en_core_web_sm"),
    "zh": ("zh_core_web_lg", "zh_core_web_md", "zh_core_web_sm"),
}


def names(text: str) -> Iterator[Candidate]:
    """What Presidio's analyser takes for a person, in languages with a model; else nothing.

    A text too short to tell its language is read as Chinese where it has Chinese characters,
    else as English. Raises MissingExtraError without presidio-analyzer or any spaCy model.
    """
    analyser = _analyser()
    code = identify(text).code or ("zh" if any("\u4e00" <= c <= "\u9fff" for c in text) else "en")
    language = code[:2]
    if language not in dict(name_models()):
        return
    for result in analyser.analyze(text=text, language=language, entities=["PERSON"]):
        if result.score >= _LEAST_SCORE:
            yield Candidate(Kind.NAME, result.start, result.end, 1)


@lru_cache(maxsize=1)
def name_models() -> tuple[tuple[str, str], ...]:
    """(language, model and version) of what finds names here: other models find other names.

    Raises MissingExtraError without presidio-analyzer, or where no spaCy model is installed.
    """
    _import("presidio_analyzer")
    spacy = _import("spacy")
    found = []
    for language, models in MODELS.items():
        model = next((name for name in models if spacy.util.is_package(name)), None)
        if model is not None:
            version = spacy.util.get_package_version(model)
            found.append((language, f"{model} {version}"))
    if not found:
        missing = MissingExtraError("en_core_web_sm", "names", "Masking names")
        missing.hint = "python -m spacy download en_core_web_sm (zh_core_web_sm for Chinese)"
        raise missing
    return tuple(found)


@lru_cache(maxsize=1)
def _analyser() -> Any:
    models = name_models()
    presidio, providers = (_import(f"presidio_analyzer{part}") for part in ("", ".nlp_engine"))
    loaded = [{"lang_code": code, "model_name": name.split()[0]} for code, name in models]
    settings = {"nlp_engine_name": "spacy", "models": loaded}
    engine = providers.NlpEngineProvider(nlp_configuration=settings).create_engine()
    registry = presidio.RecognizerRegistry(supported_languages=[code for code, _ in models])
    for code, _ in models:
        recogniser = _import("presidio_analyzer.predefined_recognizers").SpacyRecognizer
        registry.add_recognizer(recogniser(supported_language=code, supported_entities=["PERSON"]))
    return presidio.AnalyzerEngine(
        registry=registry,
        nlp_engine=engine,
        supported_languages=[code for code, _ in models],
    )


def _import(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError("presidio-analyzer", "names", "Masking names") from error
