"""Where a job stands, read from its journal: what the deciding part decides by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from undercut.build.labels.audit.staged import allowed_at_looks
from undercut.build.labels.deciding.answers import UNKNOWN, heard
from undercut.build.labels.deciding.audit_plan import count_of
from undercut.build.labels.deciding.position import AuditDone, Position
from undercut.build.labels.workers import Ask, WorkerFacts
from undercut.core.money import Money
from undercut.runs.labelling.journal import AuditDrawn, Journal


def read_position(
    journal: Journal,
    *,
    items: Sequence[Ask],
    classes: Sequence[str],
    sources: Sequence[WorkerFacts],
    gold: Mapping[str, str],
    budget: Money,
    target_error: float,
) -> Position:
    """Everything that happened so far, as the deciding part takes it."""
    place = {ask.item: number for number, ask in enumerate(items)}
    source_of = {facts.name: number for number, facts in enumerate(sources)}
    asks = np.zeros((len(items), len(sources)), dtype=np.int64)
    for put in journal.asks():
        if put.worker in source_of:
            asks[place[put.item], source_of[put.worker]] += 1
    said = heard(
        journal.answers(budget.currency),
        items=[a.item for a in items],
        classes=classes,
        sources=sources,
        gold=gold,
    )
    drawn = journal.audits()
    answered = _answered(journal, drawn, budget.currency)
    last_batch = max((batch.id for batch in journal.batches()), default=0)
    may_stay = count_of(target_error, len(items))
    left = budget - journal.committed(budget.currency)
    return Position(
        heard=said,
        asks=asks,
        audits=tuple(
            AuditDone(
                a.sizes,
                _allowed(a, found, gold, may_stay),
                a.predicted,
                count_wrong(a, found),
                tuple(place[item] for item in a.labels),
                _stood(a, items, classes),
                abandoned=last_batch > max(a.batches, default=last_batch),
            )
            for a, found in zip(drawn, answered, strict=True)
        ),
        money=float(left.amount),
        budget=float(budget.amount),
        explored=int(journal.meta("explored") or 0),
    )


def count_kept(audit: AuditDrawn, said: Mapping[str, str | None], gold: Mapping[str, str]) -> int:
    """Labels that the judge did not confirm and that stay: it abstained, or gold says otherwise."""
    unlike = [(item, said.get(item)) for item, label in audit.labels.items()]
    unlike = [(item, other) for item, other in unlike if other != audit.labels[item]]
    return sum(other is None or gold.get(item, other) != other for item, other in unlike)


def _allowed(
    audit: AuditDrawn, said: Mapping[str, str | None], gold: Mapping[str, str], may_stay: int
) -> tuple[int, ...]:
    """Wrong labels at each look with which the target is kept: fewer where some are not mended."""
    left = may_stay - count_kept(audit, said, gold)
    return allowed_at_looks(audit.sizes, audit.population, left, audit.alpha)


def _stood(audit: AuditDrawn, items: Sequence[Ask], classes: Sequence[str]) -> tuple[int, ...]:
    """(items,) label ids as they were drawn from; empty where the journal does not hold them all.

    A label whose class is no longer asked for counts as none.
    """
    number = {name: k for k, name in enumerate(classes)}
    if any(ask.item not in audit.stood for ask in items):
        return ()
    return tuple(number.get(audit.stood[ask.item], UNKNOWN) for ask in items)


def judged(journal: Journal, audit: AuditDrawn, currency: str) -> dict[str, str | None]:
    """Item -> what the judge said in this audit; None where it abstained or is not known."""
    return _answered(journal, (audit,), currency)[0]


def _answered(
    journal: Journal, audits: Sequence[AuditDrawn], currency: str
) -> list[dict[str, str | None]]:
    if not audits:
        return []
    batches = {batch.id: batch for batch in journal.batches()}
    by_batch: dict[int, dict[str, str | None]] = {}
    for batch, item, label in journal.answers_of_batches(
        [batch for audit in audits for batch in audit.batches]
    ):
        by_batch.setdefault(batch, {})[item] = label
    found = []
    for audit in audits:
        said = {k: v for batch in audit.batches for k, v in by_batch.get(batch, {}).items()}
        if all(batches[batch].closed for batch in audit.batches):
            said = {item: said.get(item) for item in audit.labels}
        found.append(said)
    return found


def count_wrong(audit: AuditDrawn, said: Mapping[str, str | None]) -> int | None:
    """Labels that the judge did not confirm, abstentions among them; None while one is missing."""
    if any(item not in said for item in audit.labels):
        return None
    return sum(said[item] != label for item, label in audit.labels.items())
