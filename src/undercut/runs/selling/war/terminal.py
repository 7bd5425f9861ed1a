"""A war in a terminal: the answer, what to do and what not, and all policies in a table."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from undercut.runs.report import formats
from undercut.runs.report.words import Words
from undercut.runs.selling.war import sentences


def render_war(content: dict[str, Any], console: Console, language: str) -> None:
    """Print the answer; the whole report is in the files."""
    words = Words(language, sentences.PAGE)
    console.print(Text(sentences.headline(content, words), style="bold"))
    console.print(Text(sentences.lede(content, words)))
    for note in content["notes"]:
        name = Words(language, "selling").named("caution", note["caution"])
        console.print(Text(f"! {name}: {sentences.note_says(note, words)}", style="yellow"))
    console.print(_policies(content, words))
    for title, said in (
        ("to_do", sentences.to_do(content, words)),
        ("not_to_do", sentences.not_to_do(content, words)),
    ):
        console.print(Text(words(title), style="bold"))
        for each in said:
            console.print(Text(f"- {each}"))


def _policies(content: dict[str, Any], words: Words) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(words("policy"))
    for key in ("c_price", "c_value", "c_low", "c_high", "c_survival", "c_regret", "c_best_in"):
        table.add_column(words(key), justify="right")
    for each in content["policies"]:
        best = each["policy"] == content["answer"]["best"]
        price = each["price"][0]
        cells = (
            words.named("policy", each["policy"]),
            formats.UNKNOWN if price is None else sentences.money(content, price),
            sentences.money(content, each["value"]),
            sentences.money(content, each["value_low"]),
            sentences.money(content, each["value_high"]),
            sentences.chance(each["survival"]["value"]),
            sentences.money(content, each["regret"]),
            formats.percent(each["best_in"], 0),
        )
        table.add_row(*(Text(cell, style="bold" if best else "") for cell in cells))
    return table
