"""`offer.html`: the sheet a customer reads; one file, no script, no network."""

from __future__ import annotations

from undercut.runs.report import formats
from undercut.runs.report.words import Words
from undercut.runs.selling.offer_document import OfferDocument, OfferSource, OfferTier
from undercut.runs.selling.price_page import render
from undercut.runs.selling.price_words import shown, whole

TERMS = ("currency", "month", "count", "commit", "change", "usage", "replace")


def offer_html(document: OfferDocument, language: str | None = None) -> str:
    """The sheet in 'en' or 'zh' (default: the document's language)."""
    words = Words(language or document.language, page="selling")
    return render(
        "offer.html.j2",
        words,
        d=document,
        tiers=[(each, tier_says(each, document.currency, words)) for each in document.tiers],
        quality=quality_says(document, words),
        terms=terms_say(document, words),
        sources=[
            (words("src." + each.what), _source(each, words), each.date)
            for each in document.sources
        ],
    )


def tier_says(tier: OfferTier, currency: str, words: Words) -> str:
    """A tier in one sentence."""
    return words(
        f"tier_{tier.kind}_says",
        fee=shown(tier.fee, currency),
        allowance=whole(tier.allowance),
        price=shown(tier.price, currency),
    )


def quality_says(document: OfferDocument, words: Words) -> list[str]:
    """Certificate, accuracy, classes and speed in plain words; what is unknown is left out."""
    found = document.quality
    said = list(_certificate(document, words))
    if found.accuracy is not None and found.accuracy_rows is not None:
        plain = found.accuracy_low is None or found.accuracy_high is None
        said.append(
            words(
                "accuracy_says_plain" if plain else "accuracy_says",
                rows=formats.count(found.accuracy_rows),
                accuracy=formats.percent(found.accuracy),
                low=formats.percent(found.accuracy_low),
                high=formats.percent(found.accuracy_high),
            )
        )
    said.append(words("classes_says", classes=found.classes))
    if found.p50_seconds is not None and found.p99_seconds is not None:
        said.append(
            words(
                "latency_says",
                p50=formats.milliseconds(found.p50_seconds),
                p99=formats.milliseconds(found.p99_seconds),
                host=found.host or formats.UNKNOWN,
            )
        )
    return said


def _certificate(document: OfferDocument, words: Words) -> list[str]:
    found = document.quality
    if found.keep is None or found.confidence is None:
        return [words("certificate_none")]
    values = {
        "keep": formats.percent_exact(found.keep),
        "confidence": formats.percent(found.confidence, 0),
        "rows": formats.count(found.certified_rows),
    }
    if not found.met or found.bound is None:
        return [words("certificate_not_met", **values)]
    means = words("certificate_means", of_hundred=int(100 * found.bound + 1e-9))
    if found.certified_rows is None:
        return [words("certificate_keep", **values), means]
    return [
        words("certificate_met", bound=formats.percent_floor(found.bound, 1), **values),
        means,
    ]


def terms_say(document: OfferDocument, words: Words) -> list[str]:
    """The terms, one sentence each; that of monthly plans only where there are some."""
    committed = any(each.kind == "committed" for each in document.tiers)
    return [
        words(
            "terms." + name,
            currency=document.currency,
            months=document.terms.months,
            notice=document.terms.notice_days,
        )
        for name in TERMS
        if name != "commit" or committed
    ]


def _source(each: OfferSource, words: Words) -> str:
    if each.what == "price":
        return words("src.price_source", firm=each.source)
    if each.what == "certificate":
        return words("src.certificate_source", digest=each.source)
    return words("src.report_source", version=each.source)
