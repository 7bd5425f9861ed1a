"""The report of a labelled folder as lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from undercut.runs.labelling.report import page
from undercut.runs.labelling.result import LabelReport
from undercut.runs.report import formats
from undercut.runs.report.words import Words

if TYPE_CHECKING:
    from rich.console import Console


def render_label_terminal(report: LabelReport, console: Console, language: str) -> None:
    """Headline, figures, workers."""
    from rich.table import Table

    words = Words(language, page.PAGE)
    console.print(page.headline(report, words), markup=False)
    console.print(page.certificate_says(report, words), markup=False)
    for number in page.key_numbers(report, words):
        console.print(f"{number.name}: {number.value} ({number.detail})", markup=False)
    choosing = page.choosing_says(report, words)
    if choosing is not None:
        console.print(choosing, markup=False)
    table = Table(box=None)
    for key in ("worker", "price", "answers", "waiting", "cost_short", "accuracy"):
        table.add_column(words(key), justify="left" if key == "worker" else "right")
    for worker in report.workers:
        table.add_row(
            worker.name,
            formats.money(worker.price, report.currency),
            formats.count(worker.answers),
            formats.count(worker.waiting),
            formats.money(worker.cost, report.currency),
            formats.percent(worker.accuracy),
        )
    console.print(table)


def next_steps(report: LabelReport, language: str, folder: str) -> str:
    """What to do now, a line for stderr."""
    return page.next_step(report, Words(language, page.PAGE), folder) + "\n"
