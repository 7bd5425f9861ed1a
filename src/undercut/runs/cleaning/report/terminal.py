"""The report of a cleaned folder for a terminal of 80 columns."""

from __future__ import annotations

import shlex
from pathlib import Path

from rich.console import Console
from rich.text import Text

from undercut.runs.cleaning.report import page
from undercut.runs.cleaning.report.schema import CleanReport
from undercut.runs.report import formats
from undercut.runs.report.files import HTML_NAME
from undercut.runs.report.terminal import add_row, make_table
from undercut.runs.report.words import Words

SHOWN_CHARACTERS = 60
TAIL_CHARACTERS = 36


def render_clean_terminal(
    report: CleanReport, console: Console, language: str | None = None, *, examples: int = 0
) -> None:
    """Prints what is left, what each rule did, the sources and the cost.

    examples: rows shown under each rule.
    """
    words = Words(language or report.language, page.PAGE)
    console.print()
    console.print(Text(page.headline(report, words), style="bold green"))
    console.print(Text(page.lede(report, words), style="dim"))
    if report.rules:
        table = make_table(words("rule"), words("step"), "", words("rows"))
        for rule in page.rules_by_count(report):
            name = words.named("rule", rule.rule)
            what = words(f"what_{rule.action}")
            add_row(table, name, words.named("step", rule.step), what, formats.count(rule.count))
        console.print(table)
    for rule in page.rules_by_count(report) if examples else ():
        console.print(Text(words.named("rule", rule.rule), style="bold"))
        for shown in rule.examples[:examples]:
            text = shown.text.replace("\n", " ")[:SHOWN_CHARACTERS]
            console.print(Text(f"  {shown.place}: {text}  [{shown.evidence}]", style="dim"))
    heads = words("read"), words("kept_short"), words("out_short"), words("cost_short")
    table = make_table(words("source"), *heads)
    for source in report.sources:
        kept = "" if source.test else formats.count(source.kept)
        out = "" if source.test else formats.count(source.rejected)
        cost = formats.money(source.cost, report.currency)
        add_row(table, _tail(source.address), formats.count(source.read), kept, out, cost)
    console.print(table)
    for sentence in (*page.noise_says(report, words), *page.copies_say(report, words)):
        console.print(Text(sentence))
    total = page.key_numbers(report, words)[-1]
    console.print(Text(f"{total.name}: {total.value} ({total.detail})"))


def _tail(address: str) -> str:
    """The end of an address, which tells sources apart; the figures need the room."""
    return address if len(address) <= TAIL_CHARACTERS else "…" + address[1 - TAIL_CHARACTERS :]


def next_steps(out: Path, language: str, *, preview: bool) -> str:
    """What to do with the folder."""
    words = Words(language, page.PAGE)
    if preview:
        return f"\n{words('preview')}\n"
    look = words("look", page=shlex.quote(str(out / HTML_NAME)))
    return f"\n{look}\n{words('next', out=shlex.quote(str(out)))}\n"
