"""What the page and the terminal say of a labelled folder, in one language."""

from __future__ import annotations

from dataclasses import dataclass

from undercut.runs.labelling.result import LabelReport
from undercut.runs.report import formats
from undercut.runs.report.words import Words

PAGE = "label"


@dataclass(frozen=True, slots=True)
class Number:
    """One key figure."""

    name: str
    value: str
    detail: str


def headline(report: LabelReport, words: Words) -> str:
    """How the job ended."""
    return words(
        f"headline_{report.status}",
        labelled=formats.count(report.labelled),
        texts=formats.count(report.texts),
        target=formats.percent_exact(report.config["target_error"]),
        confidence=formats.percent(report.certificate.confidence, 0),
    )


def certificate_says(report: LabelReport, words: Words) -> str:
    """What is known of the error, and from what."""
    found = report.certificate
    if found.upper_bound is None:
        return words("certificate_none", believed=formats.percent(found.believed, 2))
    return words(
        "certificate_says",
        bound=_percent_up(found.upper_bound),
        confidence=formats.percent(found.confidence, 0),
        wrong=formats.count(found.wrong),
        sample=formats.count(found.sample),
        judge=found.judge or formats.UNKNOWN,
    )


def key_numbers(report: LabelReport, words: Words) -> tuple[Number, ...]:
    """The figures at the top."""
    found = report.certificate
    bound = formats.UNKNOWN if found.upper_bound is None else "≤ " + _percent_up(found.upper_bound)
    money = report.currency
    return (
        Number(
            words("labels"),
            formats.count(report.labelled),
            words("labels_detail", texts=formats.count(report.texts)),
        ),
        Number(
            words("error"),
            bound,
            words("error_detail", believed=formats.percent(report.believed_error, 2)),
        ),
        Number(
            words("cost"),
            formats.money(report.cost, money),
            words(
                "cost_detail",
                budget=formats.money(report.budget, money),
                committed=formats.money(report.committed, money),
            ),
        ),
        Number(
            words("each"),
            formats.money(report.cost_per_correct_label, money),
            words("each_detail", label=formats.money(report.cost_per_label, money)),
        ),
    )


def choosing_says(report: LabelReport, words: Words) -> str | None:
    """How choosing the texts compares with chance at the last look; None where none was chosen."""
    looks = [line for line in report.curve if line.random_error is not None]
    if not looks:
        return None
    last = looks[-1]
    return words(
        "choosing",
        way=words.named("way", report.config["choose"]),
        labels=formats.count(last.labels),
        error=formats.percent(last.errors[-1]),
        random=formats.percent(last.random_error),
    )


def asked_again_says(report: LabelReport, words: Words) -> str | None:
    """What asking again about doubtful labels was expected to mend, and what came of it."""
    found = report.asked_again
    if found is None:
        return None
    return words(
        "asked_again",
        asked=formats.count(found.asked),
        expected=formats.count(round(found.expected)),
        changed=formats.count(found.changed),
    )


def next_step(report: LabelReport, words: Words, folder: str) -> str:
    """What to do now."""
    if report.status == "waiting":
        waiting = sum(worker.waiting for worker in report.workers)
        return words("next_waiting", waiting=formats.count(waiting), folder=folder)
    if report.status == "certified":
        return words("next_certified", folder=folder)
    return words("next_other", folder=folder)


def _percent_up(share: float) -> str:
    """A bound must not gain by rounding."""
    return f"{-(-share * 10_000 // 1) / 100:.2f}%"
