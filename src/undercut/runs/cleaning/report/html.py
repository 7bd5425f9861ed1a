"""`report.html` of a cleaned folder: one file that needs no network and no script."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from importlib import resources

import jinja2

from undercut.runs.cleaning.report import page
from undercut.runs.cleaning.report.schema import CleanReport
from undercut.runs.report import formats
from undercut.runs.report.words import Words


def render_clean_html(report: CleanReport, language: str | None = None) -> str:
    """The page in 'en' or 'zh' (default: the report's own language); user texts are escaped."""
    words = Words(language or report.language, page.PAGE)
    created = f"{report.created:%Y-%m-%d %H:%M} UTC"
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            report=report,
            language=words.language,
            t=words,
            f=formats,
            seconds=_seconds,
            style=_style(),
            made=words("made", version=report.undercut_version, created=created),
            headline=page.headline(report, words),
            lede=page.lede(report, words),
            numbers=page.key_numbers(report, words),
            rules=page.rules_by_count(report),
            noise=page.noise_says(report, words),
            copies=page.copies_say(report, words),
            config=json.dumps(report.config, indent=2, sort_keys=True, ensure_ascii=False),
        )
    )


def _seconds(quantity: str | None) -> str:
    return formats.UNKNOWN if quantity is None else f"{Decimal(quantity):,.1f}"


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("undercut", "assets/clean"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _style() -> str:
    file = resources.files("undercut") / "assets" / "report" / "report.css"
    return file.read_text(encoding="utf-8")
