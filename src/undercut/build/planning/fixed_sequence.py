"""Several plans, one certify split: test from safest to cheapest, stop at the first failure.

Each plan is tested at the full alpha. The chance that any plan is wrongly certified is still at
most alpha: to certify wrongly, the test must reject the first true "loses too much" in the
order, and that one test does so with probability at most alpha. The order has to be fixed
without the certify rows.

Sources: Maurer, Hothorn & Lehmacher (1995); Angelopoulos et al. (2021) "Learn then Test",
arXiv:2110.01052; simultaneous bounds: Hsu & Berger (1999) JASA 94.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from undercut.build.planning.certificate import BoolArray, Certificate, certify
from undercut.core.errors import InputError


@dataclass(frozen=True, slots=True)
class SequenceResult:
    """Which plan the sequence certified, and what it proved.

    selected: position of the last plan that passed, None where the first failed.
    certificate: that plan's, with the bound that holds despite the several tests; where the
    first failed, that first plan's, not met.
    tested: each plan's own single-test certificate in order, up to the failure. Their bounds
    hold one at a time, not together: show `certificate`.
    """

    selected: int | None
    certificate: Certificate
    tested: tuple[Certificate, ...]


def certify_sequence(
    teacher_right: BoolArray, plans_right: Sequence[BoolArray], *, keep: float, confidence: float
) -> SequenceResult:
    """Certify the cheapest plan that passes, at family-wise error 1 - confidence.

    teacher_right: (rows,) bool; plans_right: one (rows,) bool array per plan, ordered from
    safest to cheapest before anyone saw these rows.
    The certified bound is: the first plan's own where that fails; `keep` where a later failure
    stopped the sequence; the least of all bounds where every plan passed (Hsu & Berger).
    Raises InputError for no plans or arrays that do not fit, ConfigError as `certify`.
    """
    if len(plans_right) == 0:
        raise InputError("there are no plans to certify", hint="pass at least the teacher itself")
    tested: list[Certificate] = []
    for attempt, right in enumerate(plans_right, start=1):
        single = certify(teacher_right, right, keep=keep, confidence=confidence)
        tested.append(replace(single, attempts=attempt))
        if not single.met:
            break
    passed = [certificate for certificate in tested if certificate.met]
    if not passed:
        return SequenceResult(selected=None, certificate=tested[0], tested=tuple(tested))
    stopped = len(passed) < len(tested)
    bound = keep if stopped else min(certificate.lower_bound for certificate in passed)
    certificate = replace(passed[-1], lower_bound=bound, attempts=len(tested))
    return SequenceResult(selected=len(passed) - 1, certificate=certificate, tested=tuple(tested))
