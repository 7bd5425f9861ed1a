"""`undercut audit`: an expert looks at a sample of labels; a certificate is left with them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from undercut.cli.options import AsJson, Quiet, TextColumn

if TYPE_CHECKING:
    from undercut.runs.auditing.audit_job import DrawnAudit


def audit(
    labelled: Annotated[
        Path,
        typer.Argument(
            metavar="LABELLED",
            help="Folder with labels.csv (text, label and, where known, probability), or any "
            "table of texts and labels.",
            show_default=False,
        ),
    ],
    answers: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The tasks with the expert's answers: certifies."),
    ] = None,
    sample: Annotated[
        int, typer.Option(metavar="N", help="Rows the expert looks at.", min=1)
    ] = 300,
    confidence: Annotated[
        float, typer.Option(metavar="SHARE", help="Of the certificate.", min=0.5, max=0.9999)
    ] = 0.95,
    target_error: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="Say whether at most this share is wrong.", min=0.0, max=1.0
        ),
    ] = None,
    looks: Annotated[
        bool,
        typer.Option(
            "--looks", help="Draw so that answers may be read any number of times on the way."
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Draw another sample of the same labels.")
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="Same seed, same sample.", min=0)] = 0,
    text_column: TextColumn = None,
    label_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column with the labels; guessed by default.")
    ] = None,
    answer_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of --answers.  [default: truth]")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Prove how many labels are wrong: draw tasks for an expert, then read the answers back.

    Without --answers a stratified random sample goes to LABELLED/audit/tasks.csv. With them
    LABELLED/certificate.json says what is proven. Tasks left open count as wrong.
    """
    from undercut.runs.auditing.audit_job import certify_audit, draw_audit

    if answers is None:
        drawn = draw_audit(
            labelled,
            size=sample,
            confidence=confidence,
            seed=seed,
            looks=looks,
            again=again,
            text_column=text_column,
            label_column=label_column,
        )
        _show_drawn(drawn, confidence, as_json=as_json, quiet=quiet)
        return
    found = certify_audit(
        labelled,
        answers,
        now=datetime.now(UTC),
        confidence=confidence,
        target_error=target_error,
        answer_column=answer_column,
        text_column=text_column,
        label_column=label_column,
    )
    if as_json:
        from undercut.cli.streams import print_json

        print_json(found)
        return
    _show_certificate(found)


def _show_drawn(drawn: DrawnAudit, confidence: float, *, as_json: bool, quiet: bool) -> None:
    from undercut.cli.consoles import remark_console
    from undercut.cli.streams import print_json, write_data

    if as_json:
        print_json(
            {
                "tasks": str(drawn.tasks),
                "sample": drawn.size,
                "rows": drawn.rows,
                "rows_without_label": drawn.unlabelled,
                "error_upper_if_none_is_wrong": drawn.best_upper,
                "drawn_before": drawn.kept,
            }
        )
        return
    write_data(f"{drawn.tasks}\n")
    if quiet:
        return
    left = (
        f"; {drawn.unlabelled:,} rows without a label are not covered" if drawn.unlabelled else ""
    )
    before = " (drawn before, left as it is)" if drawn.kept else ""
    remark_console().print(
        f"{drawn.size:,} of {drawn.rows:,} labels to look at{before}{left}\n"
        f"If none of them is wrong: at most {drawn.best_upper:.2%} of all, at {confidence:.0%} "
        "confidence.\nFill in the column truth, then: undercut audit ... --answers FILE",
        markup=False,
    )


def _show_certificate(found: dict[str, Any]) -> None:
    from rich.text import Text

    from undercut.cli.audit_table import certificate_lines, class_table
    from undercut.cli.consoles import data_console

    console = data_console()
    for line, style in certificate_lines(found):
        console.print(Text(line, style=style))
    table = class_table(found)
    if table is not None:
        console.print(table)
