"""The main job for Python callers: keyword arguments or a config in, a report out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack

from undercut.core.errors import ConfigError
from undercut.runs.config import Effort, Language, RunConfig, make_config
from undercut.runs.progress import Progress

if TYPE_CHECKING:
    from undercut.runs.report.schema import Report

Place = str | os.PathLike[str]


class RunSettings(TypedDict, total=False):
    """The settings of `RunConfig` beside `train`; None counts as not given."""

    test: Place | None
    text_column: str | None
    label_column: str | None
    keep: float | None
    confidence: float | None
    encoder: Place | None
    budget: str | None
    host: str | None
    effort: Effort | None
    seed: int | None
    out: Place | None
    language: Language | None
    prices: Sequence[Place] | None
    certify_rows: int | None
    tune_rows: int | None


def run(
    train: Place | RunConfig,
    *,
    progress: Progress | None = None,
    **settings: Unpack[RunSettings],
) -> Report:
    """Find the cheapest certified plan for a labelled file; `out` holds it afterwards.

    train: file or folder of texts with labels, or a whole config, then without settings.
    Returns what `out/report.json` holds. A target that is not met is in the report
    (`certificate.met`), not an exception. Raises the errors of `undercut.core.errors`.

    >>> run("tickets.csv", keep=0.99, budget="0.05 USD")  # doctest: +SKIP
    """
    config = _config(train, settings)
    from undercut.runs.main_job import run as run_job

    return run_job(config, progress=progress)


def _config(train: Place | RunConfig, settings: RunSettings) -> RunConfig:
    if isinstance(train, RunConfig):
        if settings:
            raise ConfigError(
                f"a RunConfig and settings beside it were given: {', '.join(settings)}",
                hint="config.model_copy(update={...}), or a file name with settings",
            )
        return train
    return make_config({"train": _text(train), **{k: _text(v) for k, v in settings.items()}})


def _text(value: object) -> object:
    """Paths as the text the config keeps, alone or in a list; anything else as it is."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, list | tuple):
        return tuple(_text(part) for part in value)
    return value
