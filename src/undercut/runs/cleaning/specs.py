"""Steps by name and settings: what a worker in another process is told to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from undercut.build.data.personal_data import MaskConfig
from undercut.build.data.personal_data.config import DEFAULT_KINDS, Kind
from undercut.build.data.personal_data.names import name_models
from undercut.build.data.quality import QualityConfig, short_texts, web_pages, with_limits
from undercut.build.data.steps import Step
from undercut.build.data.text_hygiene import HygieneConfig
from undercut.build.data.text_steps import (
    bounds_step,
    hygiene_step,
    key_step,
    language_step,
    mask_step,
    quality_step,
)
from undercut.core.canonical import canonical_json
from undercut.core.errors import InputError
from undercut.runs.cleaning.config import CleanConfig
from undercut.runs.cleaning.rows import SourceFacts

# Mean length from which on texts without labels are taken for pages.
PAGE_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One step that looks at rows one by one.

    name: of the step, also of its stage. version: raised when its results change. settings: JSON.
    description: what people are told while it runs. key_file: of pseudonyms, not part of the
    settings, whose digest is.
    """

    name: str
    version: str
    settings: str
    description: str
    key_file: str | None = None

    def make(self) -> Step:
        """The step itself."""
        return _MAKERS[self.name](json.loads(self.settings), self.key_file)


def text_specs(config: CleanConfig, facts: SourceFacts) -> tuple[StepSpec, ...]:
    """The steps that a source passes, in order."""
    specs = [_hygiene(config), _bounds(config), _language(config)]
    profile = quality_profile(config, facts)
    if profile != "off":
        settings: dict[str, object] = {"profile": profile}
        if config.quality_limits:
            settings["limits"] = config.quality_limits
        specs.append(_spec("quality", settings, "judge quality", version="1"))
    if config.mask:
        specs.append(mask_spec(config))
    return tuple(specs)


def mask_spec(config: CleanConfig) -> StepSpec:
    """The masking of personal data."""
    settings: dict[str, object] = {
        "key": None if config.pseudonym_key is None else _digest(config.pseudonym_key)
    }
    if config.names:
        settings["names"] = name_models()  # another model finds other names
    return _spec(
        "personal_data", settings, "mask personal data", version="1", key_file=config.pseudonym_key
    )


def key_spec() -> StepSpec:
    """The step that says which texts are the same."""
    return _spec("keys", {}, "compare texts", version="1")


def quality_profile(config: CleanConfig, facts: SourceFacts) -> Literal["short", "web", "off"]:
    """Which quality rules suit a source: those for pages where it has long texts and no labels."""
    if config.quality != "auto":
        return config.quality
    long = facts.characters >= PAGE_CHARACTERS * facts.records
    return "web" if long and not facts.labelled else "short"


def _language(config: CleanConfig) -> StepSpec:
    settings = {"languages": sorted(config.languages)}
    return _spec("language", settings, "tell languages", version="1")


def _hygiene(config: CleanConfig) -> StepSpec:
    names = {field.name for field in fields(HygieneConfig)} & set(CleanConfig.model_fields)
    settings = {name: getattr(config, name) for name in sorted(names)}
    return _spec("hygiene", settings, "bring texts into one form", version="1")


def _bounds(config: CleanConfig) -> StepSpec:
    settings = {"max_text_characters": config.max_text_characters}
    return _spec("bounds", settings, "leave out empty texts, cut long ones", version="1")


def _spec(
    name: str,
    settings: Mapping[str, object],
    description: str,
    *,
    version: str,
    key_file: str | None = None,
) -> StepSpec:
    return StepSpec(name, version, canonical_json(settings), description, key_file)


def mask_config(key_file: str | None, *, names: bool) -> MaskConfig:
    """What is masked, and how: names only where asked for."""
    return MaskConfig(
        kinds=DEFAULT_KINDS | {Kind.NAME} if names else DEFAULT_KINDS,
        key=None if key_file is None else _key(key_file),
    )


def _key(file: str) -> bytes:
    try:
        return Path(file).read_bytes().strip()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=file) from error


def _digest(file: str) -> str:
    import hashlib

    return hashlib.sha256(_key(file)).hexdigest()


_PROFILES: dict[str, Callable[[], QualityConfig]] = {"short": short_texts, "web": web_pages}
_MAKERS: dict[str, Callable[[dict[str, Any], str | None], Step]] = {
    "hygiene": lambda settings, _: hygiene_step(HygieneConfig(**settings)),
    "bounds": lambda settings, _: bounds_step(**settings),
    "language": lambda settings, _: language_step(frozenset(settings["languages"])),
    "quality": lambda settings, _: quality_step(
        with_limits(_PROFILES[settings["profile"]](), settings.get("limits", ()))
    ),
    "keys": lambda *_: key_step(),
    "personal_data": lambda settings, key_file: mask_step(
        mask_config(key_file, names="names" in settings)
    ),
}
