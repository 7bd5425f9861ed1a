"""The report in one sentence, and what becomes of the certificate in plain words."""

from __future__ import annotations

from typing import Literal

from undercut.runs.report import formats
from undercut.runs.report.schema import Report
from undercut.runs.report.words import Words

Outcome = Literal["met", "not_met", "teacher"]


def outcome(report: Report) -> Outcome:
    """Certified and cheaper, not certified, or the teacher itself for want of a cheaper plan."""
    if report.plan.is_teacher:
        return "teacher"
    return "met" if report.certificate.met else "not_met"


def few_labels(report: Report) -> bool:
    """Whether no label could be spared to certify."""
    return any(split.name == "folds" for split in report.data.splits)


def headline(report: Report, words: Words) -> str:
    """One sentence: what is promised and at what cost."""
    certificate = report.certificate
    what = outcome(report)
    no_bound = what == "not_met" and certificate.lower_bound is None
    key = "verdict_no_bound" if no_bound else f"verdict_{what}"
    said = words(
        "verdict_few" if few_labels(report) else key,
        keep=formats.percent_exact(certificate.keep),
        confidence=percent_plain(certificate.confidence),
        bound=bound(report),
    )
    cost = against_reference(report, words)
    parts = [said] if cost is None or what == "not_met" else [said, cost]
    return words("verdict_join").join(parts) + words("verdict_end")


def against_reference(report: Report, words: Words) -> str | None:
    """The plan's cost as a share of the reference's; None where either is unknown."""
    ratio = report.reference.ratio
    if ratio is None:
        return None
    name = report.reference.name
    if ratio >= 1:
        return words("cheaper", times=formats.times(ratio), reference=name)
    return words("dearer", times=f"{1 / ratio:.1f}", reference=name)


def lede(report: Report, words: Words) -> str:
    """How the plan answers, and where its quality was measured."""
    stages = report.plan.stages
    how = (
        words("lede_single", name=stages[0].name)
        if len(stages) == 1
        else words("lede_cascade", stages=len(stages), first=formats.percent(stages[0].share))
    )
    measured = report.measured_on
    where = words(f"where_{measured.where}", rows=formats.count(measured.rows))
    return how + (" " if words.language == "en" else "") + where


def certificate_says(report: Report, words: Words) -> list[str]:
    """The certificate in sentences, from the statement to the counts behind it."""
    certificate, what = report.certificate, outcome(report)
    key = "says_no_bound" if what == "not_met" and certificate.lower_bound is None else what
    said = [
        words(
            "says_few" if few_labels(report) else key if key.startswith("says_") else f"says_{key}",
            rows=formats.count(certificate.rows),
            bound=bound(report),
            keep=formats.percent_exact(certificate.keep),
            confidence=percent_plain(certificate.confidence),
            error=percent_plain(1 - certificate.confidence),
        )
    ]
    lost, won = certificate.teacher_right_plan_wrong, certificate.plan_right_teacher_wrong
    if what != "teacher":
        said.append(words("says_rows"))
        if lost is not None and won is not None:
            said.append(words("says_counts", lost=formats.count(lost), won=formats.count(won)))
    return said


def certificate_is_silent(report: Report, words: Words) -> list[str]:
    """What the certificate does not promise, and readers might think it does."""
    measured = report.certificate.teacher_accuracy
    teacher = report.teacher.accuracy if measured is None else measured
    return [
        words("not_says_drift"),
        words("not_says_class"),
        words("not_says_truth", teacher=formats.percent(teacher)),
        words("not_says_cost"),
    ]


def would_help(report: Report, words: Words) -> list[str]:
    """What to try when the target was not met; empty when it was."""
    certificate, advice = report.certificate, report.certificate.advice
    if outcome(report) == "met":
        return []
    tips: list[str] = []
    if advice is not None and advice.rows_needed is not None:
        rows, have = formats.count(advice.rows_needed), formats.count(certificate.rows)
        tips.append(words("helps_rows", rows=rows, have=have))
    if advice is not None and advice.keep_that_passes is not None:
        tips.append(words("helps_keep", keep=_as_option(advice.keep_that_passes)))
    return [*tips, words("helps_labels")]


def bound(report: Report) -> str:
    """The certified share, rounded down."""
    return formats.percent_floor(report.certificate.lower_bound)


def percent_plain(share: float) -> str:
    """A confidence as people say it: 95%, 97.5%."""
    return f"{100 * share:.4g}%"


def _as_option(keep: float) -> str:
    # Rounded down like every bound: rounding up would suggest a target that does not pass.
    return f"{int(keep * 1000 + 1e-9) / 1000:.3f}".rstrip("0")
