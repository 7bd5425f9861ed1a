"""`undercut clean`: from many sources to one clean, leak-free folder."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from undercut.cli.options import AsJson, Language, Quiet, TextColumn

if TYPE_CHECKING:
    from undercut.runs.cleaning.config import CleanConfig
    from undercut.runs.cleaning.report.schema import CleanReport

Text = str | None
_PREVIEW_EXAMPLES = 2


class QualityChoice(StrEnum):
    """Values of --quality; `runs.cleaning.config.Quality` has the same."""

    AUTO = "auto"
    SHORT = "short"
    WEB = "web"
    OFF = "off"


class NearChoice(StrEnum):
    """Values of --near-duplicates; `runs.cleaning.config.NearDuplicates` has the same."""

    AUTO = "auto"
    GROUP = "group"
    DROP = "drop"
    OFF = "off"


class NoiseChoice(StrEnum):
    """Values of --label-noise; `runs.cleaning.config.LabelNoise` has the same."""

    AUTO = "auto"
    WEIGH = "weigh"
    FIND = "find"
    OFF = "off"


class AugmentChoice(StrEnum):
    """Values of --augment; `runs.cleaning.config.Augment` has the same."""

    OFF = "off"
    AUTO = "auto"


class WorkersChoice(StrEnum):
    """Values of --workers; `runs.cleaning.config.Workers` has the same."""

    LOCAL = "local"
    RAY = "ray"


def clean(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCES...",
            help="Files, folders, crawls, archives, WARC files, feeds, hf:NAME, and databases by "
            "URL with ?table= or ?query=. Optional where the config file names them.",
        ),
    ] = None,
    out: Annotated[
        Text, typer.Option(metavar="DIR", help="Output folder.  [default: clean]")
    ] = None,
    test: Annotated[
        Text,
        typer.Option(
            metavar="SOURCE", help="Its texts must not stand in the result, not even nearly."
        ),
    ] = None,
    text_column: TextColumn = None,
    label_column: Annotated[
        Text, typer.Option(metavar="NAME", help="Column with the labels; guessed by default.")
    ] = None,
    licence: Annotated[
        Text, typer.Option(metavar="NAME", help="Licence of the sources, kept with every row.")
    ] = None,
    language_only: Annotated[
        list[str] | None,
        typer.Option(
            "--keep-language", metavar="CODE", help="Keep only this language; can be repeated."
        ),
    ] = None,
    quality: Annotated[
        QualityChoice | None,
        typer.Option(
            help="short: only what is no text goes; web: the published rules for pages; auto: "
            "web for long texts without labels, else short.  [default: auto]"
        ),
    ] = None,
    quality_limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE=NUMBER",
            help="Another threshold for a quality rule, such as few_words=30, or 30,50 with one "
            "for Chinese, or few_words=off; can be repeated. Try it first: undercut data preview.",
        ),
    ] = None,
    simplified: Annotated[
        bool, typer.Option("--simplified", help="Write traditional Chinese in simplified.")
    ] = False,
    keep_personal_data: Annotated[
        bool, typer.Option("--keep-personal-data", help="Mask nothing.")
    ] = False,
    pseudonym_key: Annotated[
        Text,
        typer.Option(
            metavar="FILE", help="16 bytes or more: one value, one placeholder in all texts."
        ),
    ] = None,
    names: Annotated[
        bool,
        typer.Option("--names", help="Mask names of persons too, with Presidio (extra names)."),
    ] = False,
    near_duplicates: Annotated[
        NearChoice | None,
        typer.Option(
            help="auto: kept and grouped where there are labels, dropped where there are none."
            "  [default: auto]"
        ),
    ] = None,
    near_threshold: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Least similarity of near-duplicates.  [default: 0.55]"),
    ] = None,
    semantic: Annotated[
        float | None,
        typer.Option(
            metavar="COSINE",
            help="Texts whose sentence vectors are as near as this count as near-duplicates too: "
            "0.7 or 0.8 for English; look at what a Chinese one joins.",
        ),
    ] = None,
    label_noise: Annotated[
        NoiseChoice | None,
        typer.Option(
            help="auto: suspect labels are dropped where held-out rows say that helps; weigh: "
            "or get less weight in a column; find: only listed.  [default: auto]"
        ),
    ] = None,
    augment: Annotated[
        AugmentChoice | None,
        typer.Option(
            help="auto: edited copies of labelled rows, for training only, where held-out rows say "
            "that helps.  [default: off]"
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Same seed, same result.  [default: 0]")
    ] = None,
    workers: Annotated[
        WorkersChoice | None, typer.Option(help="Who does the work.  [default: local]")
    ] = None,
    ray_address: Annotated[
        Text, typer.Option(metavar="ADDRESS", help="A running Ray cluster.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(metavar="N", help="Worker processes; all cores by default.")
    ] = None,
    budget: Annotated[
        Text, typer.Option(metavar="MONEY", help="The most this folder may cost.")
    ] = None,
    host: Annotated[
        Text,
        typer.Option(
            metavar="NAME",
            help="Row of the price list for a machine like this one.  [default: c7i.large]",
        ),
    ] = None,
    prices: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="Price rows that win over the shipped ones; can be repeated."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML file with settings; flags win over it."),
    ] = None,
    preview: Annotated[
        bool,
        typer.Option("--preview", help="Say what would go, with examples; write nothing."),
    ] = False,
    language: Language = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Clean texts from many sources into one folder that `undercut run` takes.

    Every row left out or changed stands in rejected.parquet or changed.parquet with its rule and
    its evidence. Finished steps are kept: after Ctrl-C or a full disk the same command goes on.
    """
    from undercut.runs.cleaning.config import make_clean_config

    settings = {
        "sources": tuple(sources) if sources else None,
        "test": test,
        "text_column": text_column,
        "label_column": label_column,
        "licence": licence,
        "languages": tuple(language_only) if language_only else None,
        "quality": quality and quality.value,
        "quality_limits": tuple(quality_limit) if quality_limit else None,
        "simplified": simplified or None,
        "mask": False if keep_personal_data else None,
        "pseudonym_key": pseudonym_key,
        "names": names or None,
        "near_duplicates": near_duplicates and near_duplicates.value,
        "near_threshold": near_threshold,
        "semantic": semantic,
        "label_noise": label_noise and label_noise.value,
        "augment": augment and augment.value,
        "seed": seed,
        "workers": workers and workers.value,
        "ray_address": ray_address,
        "processes": processes,
        "budget": budget,
        "host": host,
        "prices": tuple(prices) if prices else None,
        "out": out,
        "language": language and language.value,
    }
    settled = make_clean_config(settings, file=config)
    if not preview:
        _render(_clean(settled, quiet=quiet), settled, as_json=as_json, quiet=quiet)
        return
    with tempfile.TemporaryDirectory(prefix="undercut-preview-") as folder:
        shadow = settled.model_copy(update={"out": str(Path(folder) / "clean")})
        report = _clean(shadow, quiet=quiet)
    _render(report, settled, as_json=as_json, quiet=quiet, preview=True)


def _clean(config: CleanConfig, *, quiet: bool) -> CleanReport:
    from undercut.cli.stage_display import stage_display
    from undercut.runs.cleaning.job import clean as clean_job

    # whatever a library prints meanwhile is no data
    with stage_display(quiet=quiet) as progress, contextlib.redirect_stdout(sys.stderr):
        return clean_job(config, progress=progress)


def _render(
    report: CleanReport,
    config: CleanConfig,
    *,
    as_json: bool,
    quiet: bool,
    preview: bool = False,
) -> None:
    from undercut.cli.consoles import data_console
    from undercut.cli.streams import write_data
    from undercut.runs.cleaning.report.terminal import next_steps, render_clean_terminal
    from undercut.runs.report.documents import document_json

    if as_json:
        write_data(document_json(report))
    else:
        examples = _PREVIEW_EXAMPLES if preview else 0
        render_clean_terminal(report, data_console(), config.language, examples=examples)
    if not quiet:
        sys.stdout.flush()
        sys.stderr.write(next_steps(config.out_folder, config.language, preview=preview))
