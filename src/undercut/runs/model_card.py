"""MODEL_CARD.md: what a plan folder is for, how good it is and where it stops being so.

Headings follow Mitchell et al., "Model Cards for Model Reporting" (2019), as far as the
report can fill them. In English, since the card travels with the plan.
"""

from __future__ import annotations

import re

from undercut.runs.report import formats, verdict
from undercut.runs.report.schema import Report
from undercut.runs.report.words import Words

WEAKEST = 5


def model_card(report: Report) -> str:
    """The card as Markdown; names and texts of the user are escaped."""
    words = Words("en")
    sections = (
        ("# Model card", [verdict.headline(report, words), verdict.lede(report, words)]),
        ("## Intended use", _use(report)),
        ("## Data", _data(report, words)),
        ("## Figures", _figures(report)),
        ("## Certificate", verdict.certificate_says(report, words)),
        ("## Limits", _limits(report, words)),
        ("## Licences", _licences(report)),
        ("## Origin", _origin(report)),
    )
    return "\n\n".join("\n\n".join([head, *body]) for head, body in sections) + "\n"


def _use(report: Report) -> list[str]:
    names = [c.name for c in report.plan.per_class]
    listed = f": {', '.join(plain(n) for n in names)}" if 0 < len(names) <= 20 else ""
    return [
        f"Gives one of {formats.count(report.data.classes)} classes to a text{listed}.",
        "Meant for texts like those it was built from. It always gives one of its classes, "
        "also to a text that belongs to none of them.",
    ]


def _data(report: Report, words: Words) -> list[str]:
    data = report.data
    read = words(
        "data_read",
        rows=formats.count(data.rows_read),
        classes=formats.count(data.classes),
        source=plain(data.source),
    )
    rows = [f"| {split.name} | {formats.count(split.rows)} |" for split in data.splits]
    found = [
        f"- {words.named('rule', f.rule)}: {formats.count(f.count)}. "
        f"{words.named('action', f.action)}."
        for f in data.findings
    ]
    table = ["\n".join(["| part | rows |", "|---|---:|", *rows])] if rows else []
    return [read, *table, *(["\n".join(found)] if found else [])]


def _figures(report: Report) -> list[str]:
    plan, teacher, cost = report.plan, report.teacher, report.cost
    where = {
        "test": "test file",
        "certify": "certify split",
        "folds": "training rows by cross-validation",
    }[report.measured_on.where]
    rows = [
        f"| | plan | teacher | (on the {where}, {formats.count(report.measured_on.rows)} rows)",
        "|---|---:|---:|---|",
        f"| accuracy | {formats.percent(plan.accuracy)} | {formats.percent(teacher.accuracy)} | |",
        f"| macro-F1 | {formats.percent(plan.macro_f1)} | {formats.percent(teacher.macro_f1)} | |",
    ]
    speed = (
        f"{formats.rate(cost.texts_per_second)} texts a second in batch; one text in "
        f"{formats.milliseconds(cost.single_p50_seconds)} (median); "
        f"{formats.size(cost.disk_bytes)} on disk; "
        f"{formats.money(cost.usd_per_million)} a million answers on {plain(cost.host)}. "
        f"Measured on {plain(report.machine.cpu_model)}, {report.machine.cores} cores."
    )
    return ["\n".join([rows[0] + " |", *rows[1:]]), speed]


def _limits(report: Report, words: Words) -> list[str]:
    silent = [f"- {sentence}" for sentence in verdict.certificate_is_silent(report, words)]
    weakest = sorted(report.plan.per_class, key=lambda c: c.f1 or 0.0)[:WEAKEST]
    named = ", ".join(f"{plain(c.name)} ({formats.percent(c.f1)})" for c in weakest)
    weak = [f"- Weakest classes by F1: {named}."] if weakest else []
    notes = [f"- {plain(note.en)}" for note in report.notes]
    # The card has no table of classes; the report beside the plan has.
    listed = "\n".join([*silent, *weak, *notes])
    return ["The certificate says:", listed.replace("the table of classes", "report.html")]


def _licences(report: Report) -> list[str]:
    if not report.licences:
        return ["No licences were recorded for what is inside."]
    rows = [
        f"| {plain(one.what)} | {plain(one.licence)} | {plain(one.source or formats.UNKNOWN)} |"
        for one in report.licences
    ]
    return ["\n".join(["| what | licence | source |", "|---|---|---|", *rows])]


def _origin(report: Report) -> list[str]:
    made = f"undercut {report.undercut_version}, {report.created:%Y-%m-%d %H:%M} UTC"
    # Indented, so that backticks in the command cannot end the block.
    return [f"{made}, seed {report.seed}:", "    " + report.command.replace("\n", " ")]


def plain(text: str) -> str:
    """A user's text with Markdown's and HTML's signs escaped, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>#|!&])", r"\\\1", " ".join(text.split()))
