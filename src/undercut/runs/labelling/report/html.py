"""`report.html` of a labelled folder: one file that needs no network and no script."""

from __future__ import annotations

import json

from undercut.runs.labelling.report import page
from undercut.runs.labelling.report.curve import curve_figure
from undercut.runs.labelling.report.joint import joint_figure, looks
from undercut.runs.labelling.result import LabelReport
from undercut.runs.report.template import render_page
from undercut.runs.report.words import Words


def render_label_html(report: LabelReport, language: str | None = None) -> str:
    """The page in 'en' or 'zh' (default: the report's own language); user texts are escaped."""
    words = Words(language or report.language, page.PAGE)
    created = f"{report.created:%Y-%m-%d %H:%M} UTC"
    return render_page(
        "label/page.html.j2",
        words,
        report=report,
        made=words("made", version=report.undercut_version, created=created),
        headline=page.headline(report, words),
        lede=page.certificate_says(report, words),
        numbers=page.key_numbers(report, words),
        curve=curve_figure(report, words),
        joint=joint_figure(report, words),
        looks=looks(report, words),
        choosing=page.choosing_says(report, words),
        asked_again=page.asked_again_says(report, words),
        next=page.next_step(report, words, report.config["out"]),
        config=json.dumps(report.config, indent=2, sort_keys=True, ensure_ascii=False),
    )
