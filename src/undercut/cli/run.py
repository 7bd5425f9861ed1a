"""`undercut run`: the main job."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from undercut.cli.exit_codes import ExitCode
from undercut.cli.options import AsJson, EffortChoice, Language, Quiet, TextColumn

if TYPE_CHECKING:
    from undercut.runs.config import RunConfig
    from undercut.runs.report.schema import Report

Text = str | None


def run(
    train: Annotated[
        Text,
        typer.Argument(
            metavar="TRAIN",
            help="Labelled texts: CSV, TSV, JSONL or Parquet, each also .gz, or a saved "
            "datasets folder. Optional where the config file names it.",
        ),
    ] = None,
    test: Annotated[
        Text, typer.Option(metavar="FILE", help="Labelled texts that only judge the result.")
    ] = None,
    text_column: TextColumn = None,
    label_column: Annotated[
        Text, typer.Option(metavar="NAME", help="Column with the labels; guessed by default.")
    ] = None,
    keep: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="Share of the best model's accuracy to keep.  [default: 0.99]"
        ),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Confidence of the certificate.  [default: 0.95]"),
    ] = None,
    encoder: Annotated[
        Text,
        typer.Option(
            metavar="NAME",
            help="Pretrained encoder to start from: a shipped name, a folder or a hub name; "
            "chosen by the language of the texts by default.",
        ),
    ] = None,
    budget: Annotated[
        Text,
        typer.Option(
            metavar="MONEY", help="The most this output folder may cost, such as '0.05 USD'."
        ),
    ] = None,
    host: Annotated[
        Text,
        typer.Option(
            metavar="NAME",
            help="Row of the price list for a machine like this one.  [default: c7i.large]",
        ),
    ] = None,
    effort: Annotated[
        EffortChoice | None, typer.Option(help="How much to try.  [default: normal]")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Same seed, same result.  [default: 0]")
    ] = None,
    out: Annotated[Text, typer.Option(metavar="DIR", help="Output folder.  [default: out]")] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML file with settings; flags win over it."),
    ] = None,
    language: Language = None,
    prices: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="Price rows that win over the shipped ones; can be repeated."
        ),
    ] = None,
    tune_rows: Annotated[
        int | None, typer.Option(metavar="N", help="Rows that choose the plan.")
    ] = None,
    certify_rows: Annotated[
        int | None, typer.Option(metavar="N", help="Rows that certify the plan.")
    ] = None,
    fail_if_not_met: Annotated[
        bool,
        typer.Option("--fail-if-not-met", help="Exit with 4 where the target is not certified."),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find the cheapest certified plan for a labelled file.

    Steps that are finished are kept in the output folder: after Ctrl-C, a full disk or a spent
    budget, the same command goes on where it stopped.
    """
    from undercut.runs.config import make_config

    settings = {
        "train": train,
        "test": test,
        "text_column": text_column,
        "label_column": label_column,
        "keep": keep,
        "confidence": confidence,
        "encoder": encoder,
        "budget": budget,
        "host": host,
        "effort": effort and effort.value,
        "seed": seed,
        "out": out,
        "language": language and language.value,
        "prices": prices or None,
        "tune_rows": tune_rows,
        "certify_rows": certify_rows,
    }
    settled = make_config(settings, file=config)
    report = _run(settled, quiet=quiet)
    _render(report, settled, as_json=as_json, quiet=quiet)
    if fail_if_not_met and not report.certificate.met:
        raise typer.Exit(ExitCode.NOT_MET)


def _run(config: RunConfig, *, quiet: bool) -> Report:
    from undercut.cli.stage_display import stage_display
    from undercut.runs.main_job import run as run_job

    # whatever a library prints meanwhile is no data
    with stage_display(quiet=quiet) as progress, contextlib.redirect_stdout(sys.stderr):
        return run_job(config, progress=progress)


def _render(report: Report, config: RunConfig, *, as_json: bool, quiet: bool) -> None:
    from undercut.cli.consoles import data_console
    from undercut.cli.streams import write_data

    if as_json:
        from undercut.runs.report.documents import document_json

        write_data(document_json(report))
    else:
        from undercut.runs.report.terminal import render_terminal

        render_terminal(report, data_console(), config.language)
    if not quiet:
        sys.stdout.flush()
        sys.stderr.write(_next_steps(config))


def _next_steps(config: RunConfig) -> str:
    import shlex

    out = config.out_folder
    plan, page = shlex.quote(str(out / "plan")), shlex.quote(str(out / "report.html"))
    look, use, file = _NEXT_WORDS[config.language]
    return f"\n{look}{page}\n{use}undercut predict {plan} {file}\n"


_NEXT_WORDS = {
    "en": ("Look at it:  ", "Use it:      ", "FILE"),
    "zh": ("查看报告：", "使用方案：", "文件"),
}
