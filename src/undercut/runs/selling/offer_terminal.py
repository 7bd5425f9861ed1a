"""An offer on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from undercut.runs.report.words import Words
from undercut.runs.selling.offer_document import OfferDocument
from undercut.runs.selling.offer_page import quality_says, terms_say, tier_says
from undercut.runs.selling.price_words import shown


def render_offer(document: OfferDocument, console: Console) -> None:
    """Print the sheet as sentences."""
    words = Words(document.language, page="selling")
    console.print(Text(words("offer_title", product=document.product), style="bold"))
    if document.customer is not None:
        console.print(Text(words("offer_for", customer=document.customer)))
    console.print(Text(words("offer_made", issued=document.issued, until=document.valid_until)))
    if document.price is not None:
        console.print(Text(words("offer_single", price=shown(document.price, document.currency))))
    for tier in document.tiers:
        name = f"{words('kind.' + tier.kind)} · {tier.name}"
        console.print(Text(f"- {name}: {tier_says(tier, document.currency, words)}"))
    for title, sentences in (
        ("certificate", quality_says(document, words)),
        ("terms", terms_say(document, words)),
    ):
        console.print()
        console.print(Text(words(title), style="bold"))
        for sentence in sentences:
            console.print(Text(f"- {sentence}"))
