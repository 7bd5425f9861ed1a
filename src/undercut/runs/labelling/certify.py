"""From the last audit to the certificate."""

from __future__ import annotations

from undercut.build.labels.audit.binomial import exact_upper
from undercut.build.labels.deciding.position import Step
from undercut.runs.labelling.certificate import LabelCertificate
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.journal import AuditDrawn, Journal
from undercut.runs.labelling.position import count_wrong, judged


def certify(
    journal: Journal,
    config: LabelConfig,
    step: Step,
    *,
    labels: int,
    texts: int,
    judge: str | None,
    judged_by: int,
) -> LabelCertificate:
    """What the audits say of the labels; nothing certified where none was finished.

    judged_by: texts that the judge labelled itself: right by definition. Several audits share the
    allowed chance of a wrong certificate, so the last one's bound holds at the confidence that was
    asked for.
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
    rest = 1 - judged_by / max(texts, 1)
    if config.audit and judge is not None and rest <= config.target_error:
        # were all the others wrong, it would be no more than this
        found = {"certified": True, "upper_bound": rest, "sample": judged_by, "wrong": 0}
        return plain.model_copy(update=found)
    done: list[tuple[AuditDrawn, int]] = []
    for audit in journal.audits():
        wrong = count_wrong(audit, judged(journal, audit, config.budget_money.currency))
        if wrong is not None:
            done.append((audit, wrong))
    if not done:
        return plain
    audit, wrong = done[-1]
    bound = _bound(audit, wrong) * audit.population / max(texts, 1)
    return plain.model_copy(
        update={
            "certified": bound <= config.target_error,
            "upper_bound": bound,
            "sample": len(audit.labels),
            "wrong": wrong,
            "audit": audit.number + 1,
        }
    )


def _bound(audit: AuditDrawn, wrong: int) -> float:
    """Of the labels that the sample was drawn from; exact where all of them were drawn."""
    if len(audit.labels) == audit.population:
        return wrong / audit.population
    return exact_upper(wrong, len(audit.labels), confidence=1 - audit.alpha)
