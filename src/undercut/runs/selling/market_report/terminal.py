"""The survey in a terminal: the figures that decide, and where the rest is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from undercut.runs.report.words import Words
from undercut.runs.selling.market_report import sentences

_ROWS = 8


def render_market_terminal(content: Mapping[str, Any], console: Console, language: str) -> None:
    """Headline, key figures, the cheapest sellers, the task beside the plan, the sources."""
    words = Words(language, sentences.PAGE)
    console.print(Text(sentences.headline(content, words), style="bold"))
    console.print(Text(sentences.lede(content, words)))
    for note in sentences.notes(content, words):
        console.print(Text(f"{words('warning')}: {note}", style="yellow"))
    figures = Table(box=None, show_header=False, pad_edge=False)
    for number in sentences.key_numbers(content, words):
        figures.add_row(number.name, Text(number.value, style="bold"), number.detail)
    console.print()
    console.print(figures)
    console.print()
    console.print(_sellers(content, words))
    if content["task"] is not None:
        console.print()
        console.print(_task(content, words))
    if content["rivals"]:
        console.print()
        console.print(_rivals(content, words))
    console.print()
    console.print(Text(sentences.follow_says(content, words)))
    back = sentences.back_says(content, words)
    if back is not None:
        console.print(Text(back))
    console.print(Text(sources_line(content, words), style="dim"))


def sources_line(content: Mapping[str, Any], words: Words) -> str:
    """Every source with its day and licence."""
    named = "; ".join(f"{s['title']} ({s['date']}, {s['licence']})" for s in content["sources"])
    return f"{words('source_line')} {named}. {words('as_of', day=content['market']['built'])}"


def _sellers(content: Mapping[str, Any], words: Words) -> Table:
    table = Table(box=None, pad_edge=False, title=words("today"), title_justify="left")
    for key, justify in (("model", "left"), ("seller", "left"), ("blended", "right")):
        table.add_column(words(key), justify=justify)  # type: ignore[arg-type]
    for key in ("input", "output", "rating"):
        table.add_column(words(key), justify="right")
    table.add_column(words("since"))
    for row in content["today"]["cheapest_of_each_seller"][:_ROWS]:
        prices = (sentences.price(row[key], content) for key in ("price", "input", "output"))
        table.add_row(
            Text(row["model"]), Text(row["seller"]), *prices, f"{row['rating']:.0f}", row["since"]
        )
    return table


def _task(content: Mapping[str, Any], words: Words) -> Table:
    task = content["task"]
    table = Table(box=None, pad_edge=False, title=words("task"), title_justify="left")
    table.add_column(words("model"))
    table.add_column(words("seller"))
    table.add_column(words("million_requests"), justify="right")
    table.add_column(words("times_plan"), justify="right")
    if task["plan"] is not None:
        cost = sentences.price(task["plan"]["cost"], content)
        table.add_row(Text(words("your_plan"), style="bold"), task["plan"]["host"], cost, "1×")
    for row in task["per_million_requests"][:_ROWS]:
        times = sentences.times(row["times_plan"])
        cost = sentences.price(row["cost"], content)
        table.add_row(Text(row["model"]), Text(row["seller"]), cost, times)
    return table


def _rivals(content: Mapping[str, Any], words: Words) -> Table:
    table = Table(box=None, pad_edge=False, title=words("rivals"), title_justify="left")
    for key in ("rival", "million_requests", "change", "read_on", "source"):
        table.add_column(words(key))
    for row in content["rivals"]:
        change = "–" if row["change_fraction"] is None else f"{row['change_fraction']:+.1%}"
        table.add_row(
            Text(f"{row['name']} {row['product']}".strip()),
            sentences.price(row["per_million_requests"], content),
            change,
            row["date"],
            Text(row["source"]),
        )
    return table
