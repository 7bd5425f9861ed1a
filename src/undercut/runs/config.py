"""The settings of the main job: one typed config for flags, `undercut.yaml` and Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from undercut.core.errors import ConfigError, InputError
from undercut.core.money import Money

Effort = Literal["quick", "normal", "thorough"]
Language = Literal["en", "zh"]


class RunConfig(BaseModel):
    """What `undercut run` is asked to do.

    train, test: files or folders. keep: share of the teacher's accuracy to keep; confidence: of
    the certificate. encoder: shipped name, folder or hub name, chosen by the texts' script where
    None. budget: most money this output folder may cost, such as '0.05 USD'. host: row of the
    price list that a second of this machine is priced by. prices: files whose rows come before
    the shipped ones. certify_rows, tune_rows: size of these parts where the default does not suit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: str
    test: str | None = None
    text_column: str | None = None
    label_column: str | None = None
    keep: float = Field(default=0.99, gt=0.0, le=1.0)
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    encoder: str | None = None
    budget: str | None = None
    host: str = "c7i.large"
    effort: Effort = "normal"
    seed: int = Field(default=0, ge=0, lt=2**31)
    out: str = "out"
    language: Language = "en"
    prices: tuple[str, ...] = ()
    certify_rows: int | None = Field(default=None, ge=30)
    tune_rows: int | None = Field(default=None, ge=20)

    @field_validator("budget")
    @classmethod
    def _budget_is_money(cls, value: str | None) -> str | None:
        if value is not None:
            Money.parse(value)
        return value

    @model_validator(mode="after")
    def _test_is_not_train(self) -> Self:
        if self.test is not None and Path(self.test).resolve() == Path(self.train).resolve():
            raise ValueError("--test is the same file as the training file; leave it out instead")
        return self

    @property
    def out_folder(self) -> Path:
        """Where everything of this run goes."""
        return Path(self.out)


def make_config(settings: Mapping[str, Any], *, file: Path | None = None) -> RunConfig:
    """The config from a file's settings and the given ones, which win.

    Settings that are None count as not given. Raises ConfigError naming the setting.
    """
    merged = read_config_file(file) if file is not None else {}
    merged.update({name: value for name, value in settings.items() if value is not None})
    if not merged.get("train"):
        raise ConfigError("no training file is named", hint="undercut run TRAIN.csv")
    try:
        return RunConfig.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(_first_problem(error), hint="undercut run --help") from error


def read_config_file(path: Path) -> dict[str, Any]:
    """The settings in a YAML file. Raises ConfigError where it is not a mapping."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path}: expected settings such as `keep: 0.99`, got a {type(content).__name__}"
        )
    return {str(name).replace("-", "_"): value for name, value in content.items()}


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = ", ".join(RunConfig.model_fields)
        return f"unknown setting {name!r}; the settings are: {known}"
    message = first["msg"].removeprefix("Value error, ")
    return f"{name}: {message}, got {first['input']!r}" if name else message
