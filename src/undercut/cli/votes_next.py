"""`undercut votes next`: which tasks want another vote, and of whom."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undercut.cli.options import AsJson, Quiet
from undercut.cli.votes_options import (
    AnswerColumn,
    AnswersFile,
    ItemColumn,
    KeepCopies,
    WorkerColumn,
)


def next_command(
    answers_file: AnswersFile,
    worker: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Who can vote now, may be given again: which tasks to hand to whom. Without it"
            " the next voter is anybody.",
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="At most so many tasks, of each worker where some are named."
        ),
    ] = None,
    most_votes: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Votes that a task may have.  [default: as many as nine tasks in ten have at most,"
            " at least 5]",
        ),
    ] = None,
    vote_price: Annotated[
        str | None, typer.Option(metavar="MONEY", help="What one vote costs, as 0.05usd.")
    ] = None,
    error_cost: Annotated[
        str | None,
        typer.Option(
            metavar="MONEY",
            help="What one wrong label costs you: no vote that costs more than it is worth.",
        ),
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="MONEY", help="Of this round of votes.")
    ] = None,
    tasks: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Table of all tasks, those nobody answered among them."),
    ] = None,
    gold: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What is right, for some items: it shows who is right."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write one row a task, the most telling first."),
    ] = None,
    classes: Annotated[
        bool, typer.Option("--classes", help="Answers that look like quantities are classes.")
    ] = False,
    item_column: ItemColumn = None,
    worker_column: WorkerColumn = None,
    answer_column: AnswerColumn = None,
    truth_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of --gold.")
    ] = None,
    keep_copies: KeepCopies = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Which tasks want another vote, the most telling first; of whom; how many are saved.

    One vote a task: what the second should be is known when the first is heard. Ask for these
    votes, add them to the file, and call again until nothing wants one.
    """
    from undercut.core.money import Money
    from undercut.runs.votes.next_files import next_json, next_votes, write_next
    from undercut.runs.votes.next_report import NextConfig

    config = NextConfig(
        workers=tuple(worker or ()),
        most_votes=most_votes,
        count=count,
        vote_price=None if vote_price is None else Money.parse(vote_price),
        budget=None if budget is None else Money.parse(budget),
        error_cost=None if error_cost is None else Money.parse(error_cost),
        discount_copies=not keep_copies,
    )
    report = next_votes(
        answers_file,
        config,
        tasks=tasks,
        gold=gold,
        numbers_are_classes=classes,
        item_column=item_column,
        worker_column=worker_column,
        answer_column=answer_column,
        truth_column=truth_column,
    )
    if out is not None:
        write_next(report, out)
    if as_json:
        from undercut.cli.streams import print_json

        print_json(next_json(report))
        return
    from undercut.cli.consoles import data_console, remark_console
    from undercut.cli.votes_next_table import render_next

    render_next(report, data_console())
    if out is not None and not quiet:
        remark_console().print(f"{len(report.votes):,} tasks: {out}", markup=False)
