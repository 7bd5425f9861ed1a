"""The market report as one HTML file that needs no network and no script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from undercut.runs.report.template import render_page
from undercut.runs.report.words import Words
from undercut.runs.selling.market_report import pictures, sentences
from undercut.runs.selling.market_report.content import tier_of


def render_market_html(content: Mapping[str, Any], language: str) -> str:
    """The page in 'en' or 'zh'; whatever came from a file is escaped."""
    words = Words(language, sentences.PAGE)
    forecast = content["forecast"]
    created = content["created"].replace("T", " ")[:16] + " UTC"
    return render_page(
        "market/page.html.j2",
        words,
        c=content,
        s=sentences,
        price=lambda value: sentences.price(value, content),
        span=lambda found, digits=1: sentences.span(found, digits, words=words),
        share=lambda found, digits=1: sentences.share_span(found, digits, words=words),
        made=words("made", version=content["undercut_version"], created=created),
        asked=tier_of(content),
        titles={source["id"]: source for source in content["sources"]},
        numbers=sentences.key_numbers(content, words),
        notes=sentences.notes(content, words),
        tiers_picture=pictures.tiers_picture(content, words),
        task_picture=pictures.task_picture(content, words),
        years_picture=pictures.years_picture(content, words),
        sizes_picture=pictures.sizes_picture(content, words),
        back_picture=pictures.looking_back_picture(
            [] if forecast is None else forecast["windows"], words
        ),
        back_says=sentences.back_says(content, words),
    )
