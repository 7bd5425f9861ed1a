"""The report as a table for a terminal of 80 columns."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from undercut.runs.report import formats, verdict
from undercut.runs.report.page import by_accuracy
from undercut.runs.report.schema import Report
from undercut.runs.report.words import Words

COLOURS = {"met": "green", "not_met": "yellow", "teacher": "yellow"}
CANDIDATES = 8
CONFUSIONS = 3


def render_terminal(report: Report, console: Console, language: str | None = None) -> None:
    """Prints verdict, figures, stages, candidates and the worst confusions.

    Colours are the console's business: rich turns them off under NO_COLOR and in pipes.
    Texts go in as `Text`, so brackets in class names are not taken for markup.
    """
    words = Words(language or report.language)
    what = verdict.outcome(report)
    console.print()
    console.print(Text(verdict.headline(report, words), style=f"bold {COLOURS[what]}"))
    console.print(Text(verdict.lede(report, words), style="dim"))
    for note in report.notes:
        said = note.zh if words.language == "zh" and note.zh else note.en
        console.print(Text(f"{words(note.level)}: {said}"))
    console.print()
    console.print(_figures(report, words))
    if len(report.plan.stages) > 1:
        console.print(_stages(report, words))
    console.print(_candidates(report, words))
    for tip in verdict.would_help(report, words):
        console.print(Text(f"• {tip}"))
    for confusion in report.confusions[:CONFUSIONS]:
        pair = f"{confusion.true} → {confusion.predicted}"
        console.print(Text(f"{pair}  {formats.count(confusion.count)}×", style="dim"))
    console.print(Text(_spent(report, words)))


def _figures(report: Report, words: Words) -> Table:
    table = make_table(
        words("figures"), words("plan"), words("mark_teacher"), report.reference.name
    )
    plan, teacher, cost, reference = report.plan, report.teacher, report.cost, report.reference
    measured = next((c for c in report.candidates if c.name == teacher.name), None)
    speed = measured.texts_per_second if measured else teacher.texts_per_second
    usd = measured.usd_per_million if measured else teacher.usd_per_million
    unknown = formats.UNKNOWN
    accuracy = formats.percent(teacher.accuracy), formats.percent(teacher.macro_f1)
    add_row(table, words("accuracy"), formats.percent(plan.accuracy), accuracy[0], unknown)
    add_row(table, words("macro_f1"), formats.percent(plan.macro_f1), accuracy[1], unknown)
    add_row(table, words("certified_share"), verdict.bound(report), unknown, unknown)
    speeds = cost.texts_per_second, speed, reference.texts_per_second
    add_row(table, words("speed"), *(formats.rate(value) for value in speeds))
    prices = cost.usd_per_million, usd, reference.usd_per_million
    add_row(table, words("cost_million"), *(formats.money(value) for value in prices))
    return table


def _stages(report: Report, words: Words) -> Table:
    table = make_table(words("stage"), words("share"), words("threshold"))
    for stage in report.plan.stages:
        threshold = formats.UNKNOWN if stage.threshold is None else f"{stage.threshold:.3g}"
        add_row(table, stage.name, formats.percent(stage.share), threshold)
    return table


def _candidates(report: Report, words: Words) -> Table:
    heads = "accuracy", "texts_per_second", "usd_per_million", "disk"
    table = make_table(words("candidates"), *(words(head) for head in heads))
    ordered = sorted(by_accuracy(report.candidates), key=lambda c: not c.on_frontier)
    for c in sorted(ordered[:CANDIDATES], key=lambda c: -c.accuracy):
        add_row(
            table,
            f"{'●' if c.on_frontier else ' '} {c.name}",
            formats.percent(c.accuracy),
            formats.rate(c.texts_per_second),
            formats.money(c.usd_per_million),
            formats.size(c.bytes),
        )
    return table


def _spent(report: Report, words: Words) -> str:
    duration, book = formats.duration(report.seconds), report.ledger
    if book.total is None:
        return words("ledger_unknown", duration=duration)
    total = formats.money(book.total_exact, book.currency)
    return words("ledger_total", total=total, duration=duration)


def make_table(first: str, *others: str) -> Table:
    """A table whose first column gives way and whose others stand to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False)
    table.add_column(Text(first), overflow="ellipsis", no_wrap=True, ratio=1)
    for name in others:
        table.add_column(Text(name), justify="right", overflow="fold")
    return table


def add_row(table: Table, *cells: str) -> None:
    """One row; cells go in as plain text, so brackets are not taken for markup."""
    table.add_row(*(Text(cell) for cell in cells))
