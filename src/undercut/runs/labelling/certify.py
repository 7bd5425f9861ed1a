"""From the last audit to the certificate."""

from __future__ import annotations

from collections.abc import Mapping

from undercut.build.labels.audit.staged import most_wrong_at
from undercut.build.labels.deciding.position import Step
from undercut.runs.labelling.certificate import LabelCertificate
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.journal import AuditDrawn, Journal
from undercut.runs.labelling.position import count_kept, count_wrong, judged


def certify(
    journal: Journal,
    config: LabelConfig,
    step: Step,
    *,
    labels: int,
    texts: int,
    judge: str | None,
    judged_by: int,
    gold: Mapping[str, str],
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
    done: list[tuple[AuditDrawn, int, int]] = []
    for audit in journal.audits():
        said = judged(journal, audit, config.budget_money.currency)
        wrong = count_wrong(audit, said)
        if wrong is not None:
            done.append((audit, wrong, count_kept(audit, said, gold)))
    if not done:
        return plain
    audit, wrong, kept = done[-1]
    bound = _most_left(audit, wrong, kept) / max(texts, 1)
    return plain.model_copy(
        update={
            "certified": bound <= config.target_error,
            "upper_bound": bound,
            "sample": len(audit.labels),
            "wrong": wrong,
            "looks": audit.sizes,
            "audit": audit.number + 1,
        }
    )


def _most_left(audit: AuditDrawn, wrong: int, kept: int) -> int:
    """Wrong labels at most, once those of the sample are mended but for `kept` of them."""
    among = most_wrong_at(audit.look, wrong, audit.sizes, audit.population, alpha=audit.alpha)
    return among - wrong + kept
