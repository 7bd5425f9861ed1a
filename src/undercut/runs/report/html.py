"""`report.html`: one file that needs no network, no script and no other file."""

from __future__ import annotations

import json

from undercut.runs.report import formats, page, verdict
from undercut.runs.report.scene import frontier_scene
from undercut.runs.report.schema import Report
from undercut.runs.report.template import render_page
from undercut.runs.report.words import Words


def render_html(report: Report, language: str | None = None) -> str:
    """The report as a page in 'en' or 'zh' (default: the report's own language).

    Every text of the user is escaped; the page forbids itself scripts and outside content.
    Raises ConfigError for another language.
    """
    words = Words(language or report.language)
    scene = frontier_scene(report)
    return render_page(
        "report/report.html.j2",
        words,
        report=report,
        made=words(
            "made",
            version=report.undercut_version,
            created=f"{report.created:%Y-%m-%d %H:%M} UTC",
        ),
        outcome=verdict.outcome(report),
        headline=verdict.headline(report, words),
        lede=verdict.lede(report, words),
        numbers=page.key_numbers(report, words),
        scene=scene,
        frontier=page.frontier_pair(scene, words) if scene.drawn else None,
        says=verdict.certificate_says(report, words),
        silent=verdict.certificate_is_silent(report, words),
        helps=verdict.would_help(report, words),
        keep=formats.percent_exact(report.certificate.keep),
        bound=formats.percent_floor(report.certificate.lower_bound, 2),
        confidence=verdict.percent_plain(report.certificate.confidence),
        interval_confidence=verdict.percent_plain(report.measured_on.interval_confidence),
        traffic=page.traffic_pair(report, words),
        bars=page.bars_pair(report, words),
        measured=page.measured_rows(report),
        candidates=page.by_accuracy(report.candidates),
        classes=page.class_rows(report, words),
        mark_range=f"{formats.percent(page.mark_start(report), 0)}–100%",
        on_gpu=any(entry.gpu_seconds for entry in report.ledger.entries),
        config=json.dumps(report.config, indent=2, sort_keys=True, ensure_ascii=False),
    )
