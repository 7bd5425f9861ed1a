"""`report.html` of a cleaned folder: one file that needs no network and no script."""

from __future__ import annotations

import json
from decimal import Decimal

from undercut.runs.cleaning.report import page
from undercut.runs.cleaning.report.schema import CleanReport
from undercut.runs.report import formats
from undercut.runs.report.template import render_page
from undercut.runs.report.words import Words


def render_clean_html(report: CleanReport, language: str | None = None) -> str:
    """The page in 'en' or 'zh' (default: the report's own language); user texts are escaped."""
    words = Words(language or report.language, page.PAGE)
    created = f"{report.created:%Y-%m-%d %H:%M} UTC"
    return render_page(
        "clean/page.html.j2",
        words,
        report=report,
        seconds=_seconds,
        made=words("made", version=report.undercut_version, created=created),
        headline=page.headline(report, words),
        lede=page.lede(report, words),
        numbers=page.key_numbers(report, words),
        rules=page.rules_by_count(report),
        noise=page.noise_says(report, words),
        copies=page.copies_say(report, words),
        config=json.dumps(report.config, indent=2, sort_keys=True, ensure_ascii=False),
    )


def _seconds(quantity: str | None) -> str:
    return formats.UNKNOWN if quantity is None else f"{Decimal(quantity):,.1f}"
