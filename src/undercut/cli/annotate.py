"""`undercut annotate`: one person labels in the terminal, one key an item."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from undercut.cli.options import AsJson, LanguageChoice, Quiet


def annotate(
    tasks: Annotated[
        Path,
        typer.Argument(
            metavar="TASKS", help="Task file of any format, or a table.", show_default=False
        ),
    ],
    answers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where answers go, one JSON line each.  [default: TASKS.answers.jsonl]",
            show_default=False,
        ),
    ] = None,
    worker: Annotated[
        str, typer.Option(metavar="NAME", help="Who answers.", show_default=True)
    ] = "me",
    classes: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            metavar="NAME",
            help="A class; repeat it. Those that the file names by default.",
        ),
    ] = None,
    language: Annotated[
        LanguageChoice | None, typer.Option(help="Language of the screen.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Label items in the terminal: a key a class, s skips, u undoes, q stops.

    Every answer is on disk before the next item appears; the same command goes on where it ended.
    """
    from undercut.runs.labelling.terminal.run import annotate as sit
    from undercut.runs.labelling.terminal.run import classes_for, load_tasks
    from undercut.runs.report.words import Words

    shown = load_tasks(tasks)
    spoken = language.value if language is not None else "en"
    path = answers or tasks.with_name(f"{tasks.stem}.answers.jsonl")
    sitting = sit(
        shown,
        path,
        worker=worker,
        classes=tuple(dict.fromkeys(classes or classes_for(tasks, shown))),
        terminal=sys.stdin.fileno(),
        language=spoken,
    )
    if as_json:
        from undercut.cli.streams import print_json

        print_json({"answered": sitting.answered, "left": sitting.left, "answers": str(path)})
    elif not quiet:
        line = Words(spoken, "annotate")(
            "finished",
            answered=sitting.answered,
            left=sitting.left,
            minutes=sitting.seconds / 60,
            path=path,
        )
        sys.stderr.write(line + "\n")
