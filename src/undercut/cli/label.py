"""`undercut label`: labels bought where they are cheapest, with a known error."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from undercut.cli import label_options as options
from undercut.cli.options import AsJson, Language, Quiet, TextColumn

if TYPE_CHECKING:
    from undercut.runs.labelling.config import LabelConfig
    from undercut.runs.labelling.result import LabelReport
    from undercut.runs.progress import Progress


def label(
    texts: options.Texts,
    folder: options.Folder = None,
    workers: options.Workers = None,
    budget: options.Budget = None,
    target_error: options.TargetError = None,
    confidence: options.Confidence = None,
    error_cost: options.ErrorCost = None,
    classes: options.Classes = None,
    gold: options.Gold = None,
    text_column: TextColumn = None,
    id_column: options.IdColumn = None,
    no_audit: options.NoAudit = False,
    explore: options.Explore = None,
    seed: options.Seed = None,
    out: options.Out = None,
    then_run: options.ThenRun = False,
    choose: options.Choose = None,
    test: options.Test = None,
    point_worth: options.PointWorth = None,
    effort: options.Effort = None,
    dry_run: options.DryRun = False,
    ask_again: options.AskAgain = False,
    language: Language = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Buy labels from rules, models, crowds and experts, each where it is cheapest.

    Every question is written down before it is put: after a crash or when people's votes came
    in, `undercut label resume FOLDER` goes on, pays nothing twice and loses nothing.
    """
    from undercut.cli.label_output import print_forecast, print_report

    said = language and language.value
    settings = {
        "workers": workers,
        "target_error": target_error,
        "confidence": confidence,
        "error_cost": error_cost,
        "classes": tuple(classes) if classes else None,
        "gold": gold,
        "text_column": text_column,
        "id_column": id_column,
        "no_audit": no_audit or None,
        "explore": explore,
        "seed": seed,
        "out": out,
        "then_run": then_run or None,
        "choose": choose and choose.value,
        "test": test,
        "point_worth": point_worth,
        "effort": effort and effort.value,
    }
    if texts == "resume":
        _refuse_new({**settings, "dry_run": dry_run or None})
        report = _resume(folder, budget, ask_again=ask_again, quiet=quiet)
        print_report(report, said, as_json=as_json, quiet=quiet)
        _then_run(report, quiet=quiet)
        return
    config = _config(
        folder,
        {"source": texts, "budget": budget, "language": said, **settings},
        ask_again=ask_again,
    )
    if dry_run:
        print_forecast(config, as_json=as_json)
        return
    report = _label(config, quiet=quiet)
    print_report(report, None, as_json=as_json, quiet=quiet)
    _then_run(report, quiet=quiet)


def _refuse_new(settings: Mapping[str, Any]) -> None:
    """ConfigError for an option that `resume` would not heed: a job keeps what it began with."""
    from undercut.core.errors import ConfigError

    for name, value in settings.items():
        if value is not None:
            raise ConfigError(
                f"--{name.replace('_', '-')} is said when a job begins; resume goes on as it began",
                hint="undercut label resume FOLDER, where wanted with --budget MORE",
            )


def _config(folder: str | None, settings: Mapping[str, Any], *, ask_again: bool) -> LabelConfig:
    """The job's config; ConfigError for a second table and for options that miss another."""
    from undercut.core.errors import ConfigError
    from undercut.runs.labelling.config import make_label_config

    if folder is not None:
        raise ConfigError(
            f"one table of texts is labelled at a time, got {settings['source']!r} and {folder!r}",
            hint="undercut label resume FOLDER, to go on with a job",
        )
    if ask_again:
        raise ConfigError(
            "--ask-again says something of resume, which is missing",
            hint="undercut label resume FOLDER --ask-again",
        )
    for name in ("workers", "budget"):
        if settings[name] is None:
            raise ConfigError(
                f"--{name} is missing",
                hint="undercut label TEXTS.csv --workers workers.yaml --budget 50usd",
            )
    for name in ("choose", "test", "point_worth", "effort"):
        if settings[name] is not None and not settings["then_run"]:
            raise ConfigError(
                f"--{name.replace('_', '-')} says something of --then-run, which is missing",
                hint="add --then-run, or leave it out",
            )
    said = {name: value for name, value in settings.items() if name != "no_audit"}
    return make_label_config({**said, "audit": False if settings["no_audit"] else None})


def _label(config: LabelConfig, *, quiet: bool) -> LabelReport:
    from undercut.runs.labelling.job import label as label_job

    with _shown(quiet=quiet) as progress:
        return label_job(config, progress=progress)


def _resume(folder: str | None, budget: str | None, *, ask_again: bool, quiet: bool) -> LabelReport:
    from undercut.core.errors import ConfigError
    from undercut.runs.labelling.job import resume

    if folder is None:
        raise ConfigError("which job shall go on?", hint="undercut label resume FOLDER")
    with _shown(quiet=quiet) as progress:
        return resume(Path(folder), budget=budget, ask_again=ask_again, progress=progress)


def _then_run(report: LabelReport, *, quiet: bool) -> None:
    """The main job on the labels, where it was asked for and nobody is waited for."""
    from undercut.runs.labelling.then_run import then_run

    with _shown(quiet=quiet) as progress:
        found = then_run(report, progress=progress)
    if found is not None and not quiet:
        sys.stderr.write(f"{found}\n")


@contextlib.contextmanager
def _shown(*, quiet: bool) -> Iterator[Progress]:
    """The stages on stderr; whatever a library prints meanwhile is no data."""
    from undercut.cli.stage_display import stage_display

    with stage_display(quiet=quiet) as progress, contextlib.redirect_stdout(sys.stderr):
        yield progress
