"""The report of a war as one HTML file that needs no network and no script."""

from __future__ import annotations

from typing import Any

from undercut.runs.report.template import render_page
from undercut.runs.report.words import Words
from undercut.runs.selling.note_words import source_says
from undercut.runs.selling.war import pictures, sentences


def render_war_html(content: dict[str, Any], language: str) -> str:
    """The page in 'en' or 'zh'; whatever came from a file is escaped."""
    words = Words(language, sentences.PAGE)
    created = content["created"].replace("T", " ")[:16] + " UTC"
    return render_page(
        "war/page.html.j2",
        words,
        c=content,
        s=sentences,
        money=lambda amount: sentences.money(content, amount),
        chance=sentences.chance,
        made=words("made", version=content["undercut_version"], created=created),
        headline=sentences.headline(content, words),
        lede=sentences.lede(content, words),
        numbers=sentences.key_numbers(content, words),
        to_do=sentences.to_do(content, words),
        not_to_do=sentences.not_to_do(content, words),
        note_says=lambda note: sentences.note_says(note, words),
        source_says=lambda source: source_says(language, source),
        caution=lambda code: Words(language, "selling").named("caution", code),
        survival=pictures.survival_picture(content, words),
        fans=pictures.cash_pictures(content, words),
    )
