"""`undercut label`: labels bought where they are cheapest, with a known error."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from undercut.cli.options import AsJson, EffortChoice, Language, Quiet, TextColumn

if TYPE_CHECKING:
    from undercut.runs.labelling.config import LabelConfig
    from undercut.runs.labelling.result import LabelReport

Text = str | None


def label(
    texts: Annotated[
        str,
        typer.Argument(
            metavar="TEXTS|resume", help="Table of texts; or 'resume' and the folder of a job."
        ),
    ],
    folder: Annotated[
        str | None, typer.Argument(metavar="[FOLDER]", help="After 'resume': the job's folder.")
    ] = None,
    workers: Annotated[
        Text, typer.Option(metavar="FILE", help="YAML file that names who labels, at what price.")
    ] = None,
    budget: Annotated[
        Text, typer.Option(metavar="MONEY", help="Hard limit of the whole job, as 50usd.")
    ] = None,
    target_error: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Acceptable share of wrong labels.  [default: 0.05]"),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Of the certificate.  [default: 0.95]"),
    ] = None,
    error_cost: Annotated[
        Text,
        typer.Option(
            metavar="MONEY",
            help="What one wrong label costs you: buying stops where the next label costs more"
            " than it is worth.",
        ),
    ] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMES", help="Class names with commas, or a file, one a line."),
    ] = None,
    gold: Annotated[
        Text, typer.Option(metavar="FILE", help="Table of texts or ids with known labels.")
    ] = None,
    text_column: TextColumn = None,
    id_column: Annotated[
        Text, typer.Option(metavar="NAME", help="Column with ids; row numbers by default.")
    ] = None,
    no_audit: Annotated[
        bool, typer.Option("--no-audit", help="Save the audit: no certificate then.")
    ] = False,
    explore: Annotated[
        int | None,
        typer.Option(metavar="N", help="Random texts to try the workers on first.  [default: 150]"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Same seed, same decisions.  [default: 0]")
    ] = None,
    out: Annotated[
        Text, typer.Option(metavar="FOLDER", help="Where everything goes.  [default: labelled]")
    ] = None,
    then_run: Annotated[
        bool,
        typer.Option(
            "--then-run",
            help="Split the budget between more labels, better labels and distilling by a"
            " measured learning curve, then do the main job.",
        ),
    ] = False,
    test: Annotated[
        Text, typer.Option(metavar="FILE", help="With --then-run: rows to judge the plan on.")
    ] = None,
    point_worth: Annotated[
        Text,
        typer.Option(
            metavar="MONEY", help="With --then-run: what a hundredth of accuracy is worth to you."
        ),
    ] = None,
    effort: Annotated[
        EffortChoice | None,
        typer.Option(help="With --then-run: of the main job.  [default: normal]"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Forecast cost and end; ask and pay nothing.")
    ] = False,
    ask_again: Annotated[
        bool,
        typer.Option(
            "--ask-again",
            help="With resume: put questions again that a kill left in doubt; may pay twice.",
        ),
    ] = False,
    language: Language = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Buy labels from rules, models, crowds and experts, each where it is cheapest.

    Every question is written down before it is put: after a crash or when people's votes came
    in, `undercut label resume FOLDER` goes on, pays nothing twice and loses nothing.
    """
    if texts == "resume":
        report = _resume(folder, budget, ask_again=ask_again, quiet=quiet)
        _render(report, language and language.value, as_json=as_json, quiet=quiet)
        _then_run(report, quiet=quiet)
        return
    from undercut.core.errors import ConfigError
    from undercut.runs.labelling.config import make_label_config

    if folder is not None:
        raise ConfigError(
            f"one table of texts is labelled at a time, got {texts!r} and {folder!r}",
            hint="undercut label resume FOLDER, to go on with a job",
        )
    for name, value in (("--workers", workers), ("--budget", budget)):
        if value is None:
            raise ConfigError(
                f"{name} is missing",
                hint="undercut label TEXTS.csv --workers workers.yaml --budget 50usd",
            )
    settings = {
        "source": texts,
        "workers": workers,
        "budget": budget,
        "target_error": target_error,
        "confidence": confidence,
        "error_cost": error_cost,
        "classes": tuple(classes) if classes else None,
        "gold": gold,
        "text_column": text_column,
        "id_column": id_column,
        "audit": False if no_audit else None,
        "explore": explore,
        "seed": seed,
        "out": out,
        "language": language and language.value,
        "then_run": then_run or None,
        "test": test,
        "point_worth": point_worth,
        "effort": effort and effort.value,
    }
    config = make_label_config(settings)
    if dry_run:
        _forecast(config, as_json=as_json)
        return
    report = _label(config, quiet=quiet)
    _render(report, None, as_json=as_json, quiet=quiet)
    _then_run(report, quiet=quiet)


def _label(config: LabelConfig, *, quiet: bool) -> LabelReport:
    from undercut.cli.stage_display import stage_display
    from undercut.runs.labelling.job import label as label_job

    # whatever a library prints meanwhile is no data
    with stage_display(quiet=quiet) as progress, contextlib.redirect_stdout(sys.stderr):
        return label_job(config, progress=progress)


def _then_run(report: LabelReport, *, quiet: bool) -> None:
    """The main job on the labels, where it was asked for and nobody is waited for."""
    from undercut.cli.stage_display import stage_display
    from undercut.runs.labelling.then_run import then_run

    with stage_display(quiet=quiet) as progress, contextlib.redirect_stdout(sys.stderr):
        found = then_run(report, progress=progress)
    if found is not None and not quiet:
        sys.stderr.write(f"{found}\n")


def _resume(folder: str | None, budget: str | None, *, ask_again: bool, quiet: bool) -> LabelReport:
    from undercut.cli.stage_display import stage_display
    from undercut.core.errors import ConfigError
    from undercut.runs.labelling.job import resume

    if folder is None:
        raise ConfigError("which job shall go on?", hint="undercut label resume FOLDER")
    with stage_display(quiet=quiet) as progress, contextlib.redirect_stdout(sys.stderr):
        return resume(Path(folder), budget=budget, ask_again=ask_again, progress=progress)


def _forecast(config: LabelConfig, *, as_json: bool) -> None:
    from undercut.cli.consoles import data_console
    from undercut.cli.streams import print_json
    from undercut.runs.labelling.forecast_job import forecast_job
    from undercut.runs.labelling.report.forecast_lines import forecast_lines

    found = forecast_job(config)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    console = data_console()
    for line in forecast_lines(found, config.language):
        console.print(line, markup=False)


def _render(report: LabelReport, language: str | None, *, as_json: bool, quiet: bool) -> None:
    from undercut.cli.consoles import data_console
    from undercut.cli.streams import write_data
    from undercut.runs.labelling.report.files import label_report_json
    from undercut.runs.labelling.report.terminal import next_steps, render_label_terminal

    if as_json:
        write_data(label_report_json(report))
    else:
        render_label_terminal(report, data_console(), language or report.language)
    if not quiet:
        sys.stdout.flush()
        sys.stderr.write(next_steps(report, language or report.language, report.config["out"]))
