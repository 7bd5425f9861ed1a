"""The report of a cleaned folder, from what the last stage counted and the ledger says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from undercut import __version__
from undercut.core.artefacts import Manifest
from undercut.core.ledger_entries import ENDS, Entry, Event
from undercut.core.money import Money, exact, total
from undercut.core.usage import Unit, summed
from undercut.runs.cleaning.config import CleanConfig
from undercut.runs.cleaning.output import FACTS
from undercut.runs.cleaning.report.schema import (
    Augmentation,
    CleanReport,
    LabelNoise,
    Rule,
    SourceLine,
    StepLine,
    Trial,
)
from undercut.runs.stages import Made, Stages

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Spent:
    """One stage of this run: what it cost, now or when what it reuses was made."""

    step: str
    source: str | None
    payer: Entry
    reused: bool

    @property
    def amount(self) -> Money | None:
        """None where unknown."""
        return self.payer.amount


def build_report(
    config: CleanConfig,
    stages: Stages,
    made: Made,
    *,
    manifest: Manifest,
    noise: dict[str, Any],
    augmentation: dict[str, Any],
    seconds: float,
    now: datetime,
) -> CleanReport:
    """Everything the page shows."""
    facts = json.loads((made.path / FACTS).read_text(encoding="utf-8"))
    price = stages.books.price
    currency = price.currency if price is not None else "USD"
    spent = spent_by(stages)
    cost = _sum((each.amount for each in spent), currency)
    result = [source for source in facts["sources"] if not source["test"]]
    read, kept, rejected, changed = (
        sum(source[name] for source in result) for name in ("read", "kept", "rejected", "changed")
    )
    per_million = None if cost is None or not kept else cost * _MILLION / Decimal(kept)
    return CleanReport(
        undercut_version=__version__,
        created=now,
        language=config.language,
        config=config.fit_to_show(),
        digest=manifest.digest,
        files={file.name: file.sha256 for file in manifest.files},
        read=read,
        kept=kept,
        rejected=rejected,
        changed=changed,
        labelled=facts["labelled"],
        classes=facts["classes"],
        sources=_sources(facts["sources"], spent, currency),
        steps=_steps(facts["rules"], spent, currency),
        rules=tuple(Rule.model_validate(rule) for rule in facts["rules"]),
        label_noise=LabelNoise.model_validate(noise | {"trials": _trials(noise)}),
        augmentation=Augmentation.model_validate(augmentation | {"trials": _trials(augmentation)}),
        currency=currency,
        cost=_digits(cost),
        cost_per_million_kept=_digits(per_million),
        seconds=seconds,
    )


def spent_by(stages: Stages) -> tuple[Spent, ...]:
    """The stages of this run in order, each with the entry that paid for it."""
    every = {entry.id: entry for entry in stages.books.ledger.entries()}
    found = []
    for entry in every.values():
        if entry.run_id != stages.books.run_id:
            continue
        if entry.event is Event.REUSED and entry.paid_by is not None:
            found.append(_spent(entry, every[entry.paid_by], reused=True))
        elif entry.event in ENDS:
            found.append(_spent(entry, entry, reused=False))
    return tuple(found)


def _spent(entry: Entry, payer: Entry, *, reused: bool) -> Spent:
    step, _, source = entry.stage.partition(" ")
    return Spent(step, source or None, payer, reused)


def _sources(
    facts: Sequence[dict[str, Any]], spent: Sequence[Spent], currency: str
) -> tuple[SourceLine, ...]:
    rows = sum(source["read"] for source in facts)
    shared = _sum((each.amount for each in spent if each.source is None), currency)
    lines = []
    for source in facts:
        own = _sum((each.amount for each in spent if each.source == source["name"]), currency)
        share = None
        if own is not None and shared is not None and rows:
            share = own + shared * Decimal(source["read"]) / Decimal(rows)
        counted = {name: source[name] for name in ("read", "kept", "rejected", "changed")}
        lines.append(
            SourceLine(
                address=source["address"], test=source["test"], cost=_digits(share), **counted
            )
        )
    return tuple(lines)


def _steps(
    rules: Sequence[dict[str, Any]], spent: Sequence[Spent], currency: str
) -> tuple[StepLine, ...]:
    lines = []
    for step in dict.fromkeys(each.step for each in spent):
        of = [each for each in spent if each.step == step]
        usage = {u.unit: u.quantity for u in summed(u for each in of for u in each.payer.usage)}
        counted = {
            action: sum(
                rule["count"] for rule in rules if (rule["step"], rule["action"]) == (step, action)
            )
            for action in ("rejected", "changed")
        }
        lines.append(
            StepLine(
                step=step,
                wall_seconds=_quantity(usage.get(Unit.WALL_SECONDS)),
                cpu_seconds=_quantity(usage.get(Unit.CPU_SECONDS)),
                cost=_digits(_sum((each.amount for each in of), currency)),
                reused=any(each.reused for each in of),
                **counted,
            )
        )
    return tuple(lines)


def _trials(verdict: dict[str, Any]) -> tuple[Trial, ...]:
    return tuple(
        Trial.model_validate({k: v for k, v in trial.items() if k != "tried"})
        for trial in verdict.get("trials", ())
    )


def _sum(amounts: Iterable[Money | None], currency: str) -> Money | None:
    known = []
    for amount in amounts:
        if amount is None:
            return None
        known.append(amount)
    return total(known, currency)


def _digits(amount: Money | None) -> str | None:
    return None if amount is None else exact(amount.amount)


def _quantity(quantity: Decimal | None) -> str | None:
    return None if quantity is None else exact(quantity)
