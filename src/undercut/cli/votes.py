"""`undercut votes`: a crowd's answers merged, and which votes to ask for next."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from undercut.cli.options import AsJson, Quiet
from undercut.cli.votes_next import next_command
from undercut.cli.votes_options import (
    AnswerColumn,
    AnswersFile,
    ItemColumn,
    KeepCopies,
    WorkerColumn,
)


class AnswersChoice(StrEnum):
    """Values of --answers; `runs.votes.aggregate.Answers` has the same."""

    AUTO = "auto"
    CLASSES = "classes"
    NUMBERS = "numbers"


votes = typer.Typer(name="votes", rich_markup_mode=None, no_args_is_help=False)


@votes.callback()
def _votes() -> None:
    """Merge the answers of many workers, or ask for the next ones."""


votes.command(name="next")(next_command)


@votes.command()
def aggregate(
    answers_file: AnswersFile,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What is right, for some items; judges, never teaches."),
    ] = None,
    gold: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What is right, for some items; teaches, never judges."),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="all, or one: majority, weighted_majority, zero_based_skill, one_coin, "
            "dawid_skene, dawid_skene_map, dawid_skene_mace, dawid_skene_communities, mace, glad, "
            "ibcc, ebcc; for numbers mean, median, trimmed, huber, catd.  [default: "
            "dawid_skene_communities, catd]",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write one row an item: label and probabilities."),
    ] = None,
    answers: Annotated[
        AnswersChoice,
        typer.Option(
            help="What the answers are; auto: numbers where all are, of more than 20 kinds."
        ),
    ] = AnswersChoice.AUTO,
    item_column: ItemColumn = None,
    worker_column: WorkerColumn = None,
    answer_column: AnswerColumn = None,
    truth_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of --truth and --gold.")
    ] = None,
    keep_copies: KeepCopies = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Merge a crowd's answers: labels, workers' skills, agreement, copying, every method."""
    from undercut.runs.votes.aggregate import Answers, aggregate
    from undercut.runs.votes.output import votes_json, write_items

    report = aggregate(
        answers_file,
        method=method,
        truth=truth,
        gold=gold,
        answers=Answers(answers.value),
        item_column=item_column,
        worker_column=worker_column,
        answer_column=answer_column,
        truth_column=truth_column,
        discount_copies=not keep_copies,
    )
    if out is not None:
        write_items(report, out)
    if as_json:
        from undercut.cli.streams import print_json

        print_json(votes_json(report))
        return
    from undercut.cli.consoles import data_console, remark_console
    from undercut.cli.votes_table import render_votes

    render_votes(report, data_console())
    if out is not None and not quiet:
        remark_console().print(f"{len(report.items):,} items: {out}", markup=False)
