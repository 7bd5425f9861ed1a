"""The report of a labelled folder as lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from undercut.runs.labelling.report import page
from undercut.runs.labelling.report.joint import looks
from undercut.runs.labelling.result import LabelReport
from undercut.runs.report import formats
from undercut.runs.report.words import Words

if TYPE_CHECKING:
    from rich.console import Console


def render_label_terminal(report: LabelReport, console: Console, language: str) -> None:
    """Headline, figures, the curve of a joint budget, workers."""
    from rich.table import Table

    words = Words(language, page.PAGE)
    console.print(page.headline(report, words), markup=False)
    console.print(page.certificate_says(report, words), markup=False)
    for number in page.key_numbers(report, words):
        console.print(f"{number.name}: {number.value} ({number.detail})", markup=False)
    _print_curve(report, console, words)
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


def _print_curve(report: LabelReport, console: Console, words: Words) -> None:
    """The looks of a joint budget, and how choosing compares with chance."""
    from rich.table import Table
    from rich.text import Text

    found = looks(report, words)
    if not found:
        return
    console.print(words("joint") + ":", markup=False)
    table = Table(box=None)
    for key in ("labels", "spent_by_then", "model_error", "options", "chosen"):
        table.add_column(words(key), justify="left" if key in ("options", "chosen") else "right")
    for look in found:
        row = (look.labels, look.spent, look.errors, "\n".join(look.ways), look.chosen)
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    choosing = page.choosing_says(report, words)
    if choosing is not None:
        console.print(choosing, markup=False)
    again = page.asked_again_says(report, words)
    if again is not None:
        console.print(again, markup=False)
    if report.edited_copies:
        console.print(words("copies", count=formats.count(report.edited_copies)), markup=False)
    if report.pseudo_labels:
        console.print(words("pseudo", count=formats.count(report.pseudo_labels)), markup=False)


def next_steps(report: LabelReport, language: str, folder: str) -> str:
    """What to do now, a line for stderr."""
    return page.next_step(report, Words(language, page.PAGE), folder) + "\n"
