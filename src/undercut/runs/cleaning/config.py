"""The settings of `undercut clean`: one typed config for flags, YAML and Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from undercut.build.data.quality import parse_limit
from undercut.core.errors import ConfigError
from undercut.core.money import Money
from undercut.runs.config import Language, read_config_file
from undercut.runs.sources import SourceConfig
from undercut.runs.sources.addresses import shown

Quality: TypeAlias = Literal["auto", "short", "web", "off"]
NearDuplicates: TypeAlias = Literal["auto", "group", "drop", "off"]
Augment: TypeAlias = Literal["off", "auto"]
LabelNoise: TypeAlias = Literal["auto", "weigh", "find", "off"]
Workers: TypeAlias = Literal["local", "ray"]


class CleanConfig(BaseModel):
    """What `undercut clean` is asked to do.

    sources: files, folders, addresses. test: a source whose texts must not stand in the result.
    text_column, label_column: guessed for each source where None. date_column, licence_column,
    licence, extra_columns, encoding, split: how sources are read, see `SourceConfig`.
    encodings, markup, widths, simplified: of the text hygiene. mask: personal data out.
    pseudonym_key: a file of 16 bytes or more; with it a value is masked alike in every text.
    names: mask names of persons too (Presidio and an installed spaCy model).
    languages: keep only these (codes such as "en", "zh"); all where empty.
    quality: short: only what is no text at all goes; web: the published rules for pages; auto: web
    for sources of long texts without labels, else short.
    quality_limits: changes to those rules, "few_words=30", "few_words=30,50" (the second for
    Chinese) or "short_lines=off"; `undercut data preview` says what a threshold would remove.
    max_text_characters: longer texts are cut there.
    near_duplicates: auto: rows of one text and label are grouped where the source has labels
    (nothing is lost, and groups never straddle splits), dropped where it has none.
    near_threshold: least Jaccard similarity of near-duplicates.
    semantic: least cosine of sentence vectors at which texts count as near-duplicates too, None:
    not compared. semantic_rows: refused for more rows, since every pair is compared.
    label_noise: auto: suspects are dropped where held-out rows say that helps; weigh: or get less
    weight in the column `weight`; find: they are only listed.
    label_noise_rows: at most so many labelled rows take part, in the trial of copies too.
    augment: auto: edited copies of labelled rows, for training only, where held-out rows say that
    helps; off: none.
    workers: local uses the cores of this machine, ray a Ray cluster (ray_address, or one started
    here). processes: of the local workers; as many as cores where None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[str, ...] = Field(min_length=1)
    test: str | None = None
    text_column: str | None = None
    label_column: str | None = None
    date_column: str | None = None
    licence_column: str | None = None
    licence: str | None = None
    extra_columns: tuple[str, ...] = ()
    encoding: str | None = None
    split: str | None = None
    encodings: bool = True
    markup: bool = True
    widths: bool = True
    simplified: bool = False
    mask: bool = True
    pseudonym_key: str | None = None
    names: bool = False
    languages: tuple[str, ...] = ()
    quality: Quality = "auto"
    quality_limits: tuple[str, ...] = ()
    max_text_characters: int = Field(default=100_000, ge=100)
    near_duplicates: NearDuplicates = "auto"
    near_threshold: float = Field(default=0.55, gt=0.3, le=1.0)
    semantic: float | None = Field(default=None, gt=0.0, le=1.0)
    semantic_rows: int = Field(default=100_000, ge=1)
    label_noise: LabelNoise = "auto"
    label_noise_rows: int = Field(default=200_000, ge=100)
    augment: Augment = "off"
    seed: int = Field(default=0, ge=0, lt=2**31)
    workers: Workers = "local"
    ray_address: str | None = None
    processes: int | None = Field(default=None, ge=1)
    budget: str | None = None
    host: str = "c7i.large"
    prices: tuple[str, ...] = ()
    out: str = "clean"
    language: Language = "en"

    @field_validator("budget")
    @classmethod
    def _budget_is_money(cls, value: str | None) -> str | None:
        if value is not None:
            Money.parse(value)
        return value

    @field_validator("quality_limits")
    @classmethod
    def _limits_can_be_read(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            parse_limit(text)
        return value

    @model_validator(mode="after")
    def _limits_are_used(self) -> Self:
        if self.quality_limits and self.quality == "off":
            raise ValueError("quality_limits change nothing where quality is off: one of them")
        return self

    @model_validator(mode="after")
    def _out_is_no_source(self) -> Self:
        out = self.out_folder.resolve()
        for source in (*self.sources, *([self.test] if self.test else [])):
            if "://" not in source and Path(source).resolve() == out:
                raise ValueError(f"--out is one of the sources ({source})")
        if self.test is not None and self.test in self.sources:
            raise ValueError("--test is one of the sources; leave it out of them")
        return self

    @model_validator(mode="after")
    def _names_are_masked(self) -> Self:
        if self.names and not self.mask:
            raise ValueError("--names masks names, --keep-personal-data masks nothing: one of them")
        return self

    @property
    def source_config(self) -> SourceConfig:
        """How each source is read."""
        names = set(SourceConfig.model_fields) & set(CleanConfig.model_fields)
        return SourceConfig(**{name: getattr(self, name) for name in names})

    def fit_to_show(self) -> dict[str, Any]:
        """The settings as JSON types, without the passwords in addresses."""
        settings = self.model_dump(mode="json")
        settings["sources"] = [shown(source) for source in self.sources]
        settings["test"] = None if self.test is None else shown(self.test)
        return settings

    @property
    def out_folder(self) -> Path:
        """Where everything of this run goes."""
        return Path(self.out)


# What changes how the work is done or shown, but not one row of the result.
HOW = frozenset(
    {"workers", "ray_address", "processes", "budget", "host", "prices", "out", "language"}
)


def make_clean_config(settings: Mapping[str, Any], *, file: Path | None = None) -> CleanConfig:
    """The config from a file's settings and the given ones, which win.

    Settings that are None count as not given. Raises ConfigError naming the setting.
    """
    merged = read_config_file(file) if file is not None else {}
    merged.update({name: value for name, value in settings.items() if value is not None})
    if not merged.get("sources"):
        raise ConfigError("no source is named", hint="undercut clean TICKETS.csv --out clean/")
    try:
        return CleanConfig.model_validate(merged)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = ", ".join(CleanConfig.model_fields)
            message = f"unknown setting {name!r}; the settings are: {known}"
        else:
            message = first["msg"].removeprefix("Value error, ")
            message = f"{name}: {message}, got {first['input']!r}" if name else message
        raise ConfigError(message, hint="undercut clean --help") from error
