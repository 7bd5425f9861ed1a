"""Exact limits where strata were sampled at different rates, each at random within."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from undercut.build.labels.audit.binomial import check_confidence, exact_upper
from undercut.core.errors import InputError

USUAL = 0.05  # errors expected before any answer is seen; only decides which limit is taken


@dataclass(frozen=True, slots=True)
class Stratum:
    """rows in all, looked_at of them drawn at random, wrong of those."""

    rows: int
    looked_at: int
    wrong: int

    def __post_init__(self) -> None:
        if not 0 <= self.wrong <= self.looked_at <= self.rows or self.rows < 1:
            raise InputError(f"a stratum's counts must rise, got {self}")

    @property
    def known(self) -> bool:
        """Every row was looked at."""
        return self.looked_at == self.rows


def stratified_upper(strata: Sequence[Stratum], *, confidence: float) -> float:
    """Upper limit of the share of wrong rows in all strata together.

    Strata that were looked at whole are known. Of the others one of two valid limits is taken,
    the one that would be lower at a usual rate of errors, so the answers do not choose: all
    drawn rows together times the largest ratio of a stratum's share of rows to its share of the
    sample (Hoeffding 1956), or each stratum's own at an equal part of the risk (Bonferroni).
    Raises InputError without strata.
    """
    check_confidence(confidence)
    if not strata:
        raise InputError("limits need at least one stratum, got none")
    rows = sum(s.rows for s in strata)
    known = sum(s.wrong for s in strata if s.known)
    open_ = [s for s in strata if not s.known]
    if not open_:
        return known / rows
    usual = [Stratum(s.rows, s.looked_at, round(USUAL * s.looked_at)) for s in open_]
    pooled_first = _pooled(usual, confidence) <= _apart(usual, confidence)
    rate = _pooled(open_, confidence) if pooled_first else _apart(open_, confidence)
    return min(1.0, (known + rate * sum(s.rows for s in open_)) / rows)


def stratified_estimate(strata: Sequence[Stratum]) -> float | None:
    """The share of wrong rows, each stratum by its own rate; None where one was not looked at."""
    if any(not s.looked_at for s in strata) or not strata:
        return None
    rows = sum(s.rows for s in strata)
    return sum(s.rows * s.wrong / s.looked_at for s in strata) / rows


def _pooled(strata: Sequence[Stratum], confidence: float) -> float:
    rows, drawn = sum(s.rows for s in strata), sum(s.looked_at for s in strata)
    if any(not s.looked_at for s in strata):
        return 1.0
    ratio = max((s.rows / rows) / (s.looked_at / drawn) for s in strata)
    return ratio * exact_upper(sum(s.wrong for s in strata), drawn, confidence=confidence)


def _apart(strata: Sequence[Stratum], confidence: float) -> float:
    rows, each = sum(s.rows for s in strata), 1 - (1 - confidence) / len(strata)
    return sum(s.rows / rows * exact_upper(s.wrong, s.looked_at, confidence=each) for s in strata)
