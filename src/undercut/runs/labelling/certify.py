"""From the last audit to the certificate."""

from __future__ import annotations

from undercut.build.labels.audit.binomial import exact_upper
from undercut.build.labels.deciding.steps import Step
from undercut.runs.labelling.certificate import LabelCertificate
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.journal import Journal
from undercut.runs.labelling.position import count_wrong, judged


def certify(
    journal: Journal, config: LabelConfig, step: Step, *, labels: int, judge: str | None
) -> LabelCertificate:
    """What the audits say of the labels; nothing certified where none was finished.

    Several audits share the allowed chance of a wrong certificate, so the last one's bound holds
    at the confidence that was asked for.
    """
    plain = LabelCertificate(
        target_error=config.target_error,
        confidence=config.confidence,
        certified=False,
        upper_bound=None,
        sample=0,
        wrong=None,
        audit=0,
        judge=judge,
        believed=step.error,
        labels=labels,
    )
    done = []
    for audit in journal.audits():
        wrong = count_wrong(audit, judged(journal, audit, config.budget_money.currency))
        if wrong is not None:
            done.append((audit, wrong))
    if not done:
        return plain
    audit, wrong = done[-1]
    bound = exact_upper(wrong, len(audit.labels), confidence=1 - audit.alpha)
    return plain.model_copy(
        update={
            "certified": bound <= config.target_error,
            "upper_bound": bound,
            "sample": len(audit.labels),
            "wrong": wrong,
            "audit": audit.number + 1,
        }
    )
