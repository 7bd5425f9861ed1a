"""The market report as one HTML file that needs no network and no script."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import jinja2

from undercut.runs.report import formats
from undercut.runs.report.words import Words
from undercut.runs.selling.market_report import pictures, sentences
from undercut.runs.selling.market_report.content import tier_of


def render_market_html(content: Mapping[str, Any], language: str) -> str:
    """The page in 'en' or 'zh'; whatever came from a file is escaped."""
    words = Words(language, sentences.PAGE)
    forecast = content["forecast"]
    created = content["created"].replace("T", " ")[:16] + " UTC"
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            c=content,
            language=words.language,
            t=words,
            f=formats,
            s=sentences,
            price=lambda value: sentences.price(value, content),
            span=lambda found, digits=1: sentences.span(found, digits, words=words),
            share=lambda found, digits=1: sentences.share_span(found, digits, words=words),
            style=_style(),
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
    )


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("undercut", "assets/market"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _style() -> str:
    assets = resources.files("undercut") / "assets"
    files = (assets / "report" / "report.css", assets / "market" / "market.css")
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
