"""The settings of a market for labels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MarketConfig:
    """What is wanted of the labels and how carefully it is approached.

    target_error: largest share of wrong labels that is acceptable; confidence: of the statement
    that it is kept. error_cost: what a wrong label costs its user, in the market's currency; None
    where only the target counts. explore_items: random items that every affordable worker answers
    first, so that their skills are known before money follows them; explore_judged: of these, how
    many the judge answers too. explore_budget: most of the budget that may go into it.
    round_fraction: largest share of the items bought in one round. audit: certify at all.
    audit_pass: chance with which a planned audit is meant to pass. audits: most audits; the
    allowed chance of a wrong certificate is halved for each further one. judge_accuracy: from
    which expected accuracy on a worker may judge others.
    """

    target_error: float = 0.05
    confidence: float = 0.95
    error_cost: float | None = None
    explore_items: int = 150
    explore_judged: int = 40
    explore_budget: float = 0.15
    round_fraction: float = 0.1
    audit: bool = True
    audit_pass: float = 0.9
    audits: int = 3
    judge_accuracy: float = 0.97
    seed: int = 0
