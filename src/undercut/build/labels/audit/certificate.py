"""What an audit proves of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from undercut.build.labels.audit.anytime import anytime_interval
from undercut.build.labels.audit.binomial import exact_lower, exact_upper
from undercut.build.labels.audit.powered import Estimate, class_shares, powered_share
from undercut.build.labels.audit.sampling import AuditSample, Design
from undercut.build.labels.votes import Floats, IntArray
from undercut.core.errors import InputError

NOT_ANSWERED, NO_CLASS = -2, -1


@dataclass(frozen=True, slots=True)
class ClassCount:
    """One label among the audited rows: how often drawn, how often wrong, its upper limit alone."""

    label: str
    looked_at: int
    wrong: int
    error_upper: float


@dataclass(frozen=True, slots=True)
class LabelCertificate:
    """At the stated confidence, at most `error_upper` of the `rows` labels are wrong.

    error_lower: likewise a limit on its own; 0 where tasks are open. by_label: counts, with limits
    that are close but not exact, since a block may hold two labels.
    looked_at: draws that count; unanswered of them count as wrong under the block design, and are
    not looked at yet under the other. accuracy: estimate by the labels' own probabilities too,
    None where they have none. shares: of the classes among all rows, by truth.
    """

    design: Design
    confidence: float
    rows: int
    looked_at: int
    unanswered: int
    wrong: int
    error_estimate: float
    error_lower: float
    error_upper: float
    accuracy: Estimate | None
    by_label: tuple[ClassCount, ...]
    shares: tuple[tuple[str, Estimate], ...]
    confusions: tuple[tuple[str, str, int], ...]


def certify_labels(
    sample: AuditSample,
    truth: IntArray,
    labels: IntArray,
    probabilities: Floats | None,
    classes: Sequence[str],
    *,
    confidence: float,
) -> LabelCertificate:
    """What the expert's answers prove.

    truth: (draws,) class ids in the sample's order, -1 for none of the classes, -2 where not
    answered. labels: (rows,) class ids; probabilities: (rows, classes), None where unknown.
    Raises InputError where nothing was answered, or an answer is missing for a draw.
    """
    if len(truth) != len(sample.drawn) or len(labels) != sample.rows:
        raise InputError(
            f"{len(sample.drawn)} draws of {sample.rows} rows need as many answers and labels, "
            f"got {len(truth)} and {len(labels)}"
        )
    counted, drawn = _counted(sample, truth)
    answered = counted != NOT_ANSWERED
    if not answered.any():
        raise InputError("no drawn row was answered", hint="answer the tasks, then audit again")
    missed = counted != labels[drawn]  # what nobody answered is none of the labels
    wrong, looked_at = int(missed.sum()), len(counted)
    low, high = _limits(sample, wrong, looked_at, confidence)
    sure = bool(answered.all())
    return LabelCertificate(
        design=sample.design,
        confidence=confidence,
        rows=sample.rows,
        looked_at=looked_at,
        unanswered=int((~answered).sum()),
        wrong=int((missed & answered).sum()),
        error_estimate=float(missed[answered].mean()),
        error_lower=low if sure else 0.0,
        error_upper=high,
        accuracy=_accuracy(missed[answered], drawn[answered], labels, probabilities, confidence),
        by_label=_by_label(missed, labels[drawn], classes, confidence),
        shares=_shares(counted, drawn, probabilities, classes, confidence) if sure else (),
        confusions=_confusions(counted, labels[drawn], classes),
    )


def _counted(sample: AuditSample, truth: IntArray) -> tuple[IntArray, IntArray]:
    """Answers and rows that count: all draws, or those before the first that nobody answered."""
    if sample.design is Design.BLOCKS or sample.whole:
        return truth, sample.drawn
    open_ = np.flatnonzero(truth == NOT_ANSWERED)
    end = int(open_[0]) if len(open_) else len(truth)
    return truth[:end], sample.drawn[:end]


def _limits(
    sample: AuditSample, wrong: int, looked_at: int, confidence: float
) -> tuple[float, float]:
    if sample.whole:
        return wrong / looked_at, wrong / looked_at
    if sample.design is Design.ORDER:
        return anytime_interval(wrong, looked_at, sample.rows, confidence=confidence)
    return (
        exact_lower(wrong, looked_at, confidence=confidence),
        exact_upper(wrong, looked_at, confidence=confidence),
    )


def _accuracy(
    missed: np.ndarray,
    drawn: IntArray,
    labels: IntArray,
    probabilities: Floats | None,
    confidence: float,
) -> Estimate | None:
    if probabilities is None or len(missed) < 3:
        return None
    believed = probabilities[np.arange(len(labels)), labels]
    return powered_share(
        (~missed).astype(np.float64), believed[drawn], believed, confidence=confidence
    )


def _by_label(
    missed: np.ndarray, labels: IntArray, classes: Sequence[str], confidence: float
) -> tuple[ClassCount, ...]:
    seen = np.bincount(labels, minlength=len(classes))
    wrong = np.bincount(labels, missed, minlength=len(classes)).astype(int)
    return tuple(
        ClassCount(
            name,
            int(seen[at]),
            int(wrong[at]),
            exact_upper(int(wrong[at]), int(seen[at]), confidence=confidence),
        )
        for at, name in enumerate(classes)
    )


def _shares(
    truth: IntArray,
    drawn: IntArray,
    probabilities: Floats | None,
    classes: Sequence[str],
    confidence: float,
) -> tuple[tuple[str, Estimate], ...]:
    if probabilities is None or len(truth) < 3:
        return ()
    found = class_shares(truth, drawn, probabilities, confidence=confidence)
    return tuple(zip(classes, found, strict=True))


def _confusions(
    truth: IntArray, labels: IntArray, classes: Sequence[str]
) -> tuple[tuple[str, str, int], ...]:
    """(label, what the expert says, times), most frequent first."""
    pairs: dict[tuple[str, str], int] = {}
    for said, label in zip(truth.tolist(), labels.tolist(), strict=True):
        if said not in (label, NOT_ANSWERED):
            key = (classes[label], classes[said] if said >= 0 else "")
            pairs[key] = pairs.get(key, 0) + 1
    ordered = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple((*key, count) for key, count in ordered)
