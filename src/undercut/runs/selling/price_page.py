"""`price.html`: the seller's own page of a price; one file, no script, no network."""

from __future__ import annotations

from markupsafe import Markup

from undercut.runs.report.template import render_page
from undercut.runs.report.words import Words
from undercut.runs.selling import price_words
from undercut.runs.selling.note_words import note_says, source_says
from undercut.runs.selling.price_document import PriceDocument
from undercut.runs.selling.price_figures import ladder_figure, tornado_figure

WIDE, NARROW = 760, 350


def price_html(document: PriceDocument, language: str | None = None) -> str:
    """The page in 'en' or 'zh' (default: the document's language); the user's text is escaped."""
    words = Words(language or document.language, page="selling")
    return render(
        "price.html.j2",
        words,
        d=document,
        ladder=_pair(ladder_figure, document, words, "ladder"),
        tornado=_pair(tornado_figure, document, words, "tornado"),
        created=f"{document.created:%Y-%m-%d %H:%M} UTC",
    )


def render(template: str, words: Words, **values: object) -> str:
    """A template of `assets/selling`, with what both pages of selling call in it."""
    return render_page(
        f"selling/{template}",
        words,
        w=price_words,
        note_says=lambda note: note_says(words.language, note.text, note.says, note.values),
        source_says=lambda source: source_says(words.language, source),
        **values,
    )


def _pair(draw: object, document: PriceDocument, words: Words, name: str) -> dict[str, Markup]:
    """One picture for a page and one for a telephone; built by us, every text in it escaped."""
    assert callable(draw)
    return {
        size: Markup(draw(document, words, width=width, name=f"{name}-{size}"))
        for size, width in (("wide", WIDE), ("narrow", NARROW))
    }
