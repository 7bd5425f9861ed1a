"""Put the report together from what the steps found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np

from undercut import __version__
from undercut.build.planning import metrics
from undercut.build.planning.decide import Decision, Judged
from undercut.build.planning.measure import Latency, Throughput
from undercut.core.dataset import Dataset, IntArray
from undercut.core.ledger_entries import Entry, Event
from undercut.core.money import total
from undercut.core.prices import PriceRow, usd_per_million
from undercut.core.usage import Unit
from undercut.models.cascade import Answers
from undercut.neural.reference import NAME as REFERENCE_NAME
from undercut.runs.config import RunConfig
from undercut.runs.machine import MachineFacts
from undercut.runs.report import quality as parts
from undercut.runs.report import schema
from undercut.runs.steps.candidate import Candidate
from undercut.runs.steps.costs import Cost
from undercut.runs.steps.data import RunData
from undercut.runs.steps.predictions import Predictions

RESAMPLES = 1000
MOST_CONFUSIONS = 12
EXAMPLES = 3
FRONTIER_POINTS = 60
METHOD = "paired_exact"
# What the data room does by rule, as codes that the page says in both languages.
ACTIONS = {
    "unreadable_row": "dropped",
    "missing_label": "dropped",
    "whole_number_label": "rewritten",
    "empty_text": "dropped",
    "long_text": "truncated",
    "also_in_test": "removed_from_train",
    "conflicting_label": "majority_kept",
    "tied_conflicting_label": "dropped",
    "exact_duplicate": "kept_one",
    "single_row_class": "train_only",
    "class_not_in_train": "dropped",
    "near_duplicate": "kept_together",
    "large_group": "train_only",
    "chosen_row": "train_only",
    "near_copy_left_out": "removed_from_train",
    "class_not_in_certify": "reported",
    "class_not_in_tune": "reported",
}


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a run found out, ready to be told."""

    config: RunConfig
    command: str
    data: RunData
    candidates: Sequence[Candidate]
    predictions: Predictions
    costs: Mapping[str, Cost]
    plan_costs: Mapping[str, Cost]
    decision: Decision
    plan_bytes: int
    price: PriceRow
    machine: MachineFacts
    entries: Sequence[Entry]
    notes: Sequence[schema.Note]
    seconds: float
    now: datetime


def build_report(found: Findings) -> schema.Report:
    """The report of one run."""
    where, rows = found.data.judged
    judged = Judged(rows.labels, found.predictions.of(where))
    teacher = judged.answers(found.decision.teacher)
    plan = judged.answers(found.decision.plan)
    told = "folds" if found.data.few and where == "certify" else where
    measured_on = parts.MeasuredOn.model_validate(
        {"where": told, "rows": len(rows), "resamples": RESAMPLES}
    )
    return schema.Report(
        undercut_version=__version__,
        language=found.config.language,
        created=found.now,
        seed=found.config.seed,
        command=found.command,
        config=found.config.model_dump(mode="json"),
        seconds=round(found.seconds, 1),
        data=_data(found),
        measured_on=measured_on,
        teacher=_teacher(found, rows, teacher.labels),
        plan=_plan(found, rows, plan, teacher.labels),
        confusions=_confusions(rows, plan.labels, teacher.labels),
        certificate=_certificate(found),
        cost=_cost(found),
        reference=_reference(found),
        candidates=schema.mark_frontier(_candidates(found, judged)),
        machine=_machine(found.machine),
        ledger=_ledger(found),
        notes=tuple(found.notes),
        licences=_licences(found),
    )


def _quality(name: str, rows: Dataset, labels: IntArray, seed: int) -> dict[str, Any]:
    result = metrics.quality(rows.labels, labels, rows.classes, seed=seed, resamples=RESAMPLES)
    return {
        "name": name,
        "accuracy": result.accuracy.value,
        "macro_f1": result.macro_f1.value,
        "accuracy_interval": _interval(result.accuracy),
        "macro_f1_interval": _interval(result.macro_f1),
        "per_class": tuple(_class_quality(one) for one in result.classes),
    }


def _class_quality(one: metrics.ClassQuality) -> parts.ClassQuality:
    return parts.ClassQuality(
        name=one.name,
        support=one.support,
        precision=one.precision.value,
        recall=one.recall.value,
        f1=one.f1.value,
        precision_interval=_interval(one.precision),
        recall_interval=_interval(one.recall),
        f1_interval=_interval(one.f1),
    )


def _interval(value: metrics.Interval) -> parts.Interval:
    return parts.Interval(low=value.low, high=value.high)


def _teacher(found: Findings, rows: Dataset, labels: IntArray) -> parts.Teacher:
    cost = found.plan_costs["teacher"]
    return parts.Teacher(
        **_quality(found.decision.teacher.stages[0].name, rows, labels, found.config.seed),
        texts_per_second=cost.throughput.median,
        usd_per_million=_usd(cost.throughput.median, found.price),
    )


def _plan(found: Findings, rows: Dataset, plan: Answers, teacher: IntArray) -> parts.Plan:
    decision = found.decision
    difference = metrics.paired_difference(
        rows.labels, teacher, plan.labels, seed=found.config.seed, resamples=RESAMPLES
    ).accuracy
    name = " → ".join(stage.name for stage in decision.plan.stages)
    return parts.Plan(
        **_quality(name, rows, plan.labels, found.config.seed),
        is_teacher=decision.is_teacher,
        stages=_stages(found, rows, plan),
        accuracy_difference=parts.Difference(
            value=difference.value, interval=_interval(difference)
        ),
        frontier=tuple(
            parts.FrontierPoint(
                name=option.name,
                usd_per_million=_usd(1 / option.seconds_per_text, found.price),
                tune_accuracy=option.accuracy,
                chosen=option is decision.chosen,
            )
            for option in decision.frontier[:FRONTIER_POINTS]
        ),
    )


def _stages(found: Findings, rows: Dataset, plan: Answers) -> tuple[parts.Stage, ...]:
    spec = found.decision.plan
    right = plan.labels == rows.labels
    stages = []
    for position, stage in enumerate(spec.stages):
        here = plan.stages == position
        added = [found.costs[name].seconds_per_text for name in spec.added_models(position)]
        stages.append(
            parts.Stage(
                name=stage.name,
                share=float(here.mean()),
                threshold=stage.threshold if position < len(spec.stages) - 1 else None,
                mixture=tuple(
                    parts.MixturePart(name=n, weight=w) for n, w in stage.weights.items()
                ),
                accuracy=float(right[here].mean()) if here.any() else None,
                usd_per_million=_usd(1 / sum(added), found.price) if added else None,
            )
        )
    return tuple(stages)


def _confusions(rows: Dataset, plan: IntArray, teacher: IntArray) -> tuple[parts.Confusion, ...]:
    ids = {name: position for position, name in enumerate(rows.classes)}
    result = []
    for one in metrics.top_confusions(rows.labels, plan, rows.classes, most=MOST_CONFUSIONS):
        true = rows.labels == ids[one.label]
        wrong = np.flatnonzero(true & (plan == ids[one.prediction]))
        result.append(
            parts.Confusion(
                true=one.label,
                predicted=one.prediction,
                count=one.rows,
                teacher_count=int((true & (teacher == ids[one.prediction])).sum()),
                examples=tuple(rows.texts[i] for i in wrong[:EXAMPLES]),
            )
        )
    return tuple(result)


def _certificate(found: Findings) -> parts.Certificate:
    certificate, advice = found.decision.certificate, found.decision.advice
    # A plan that is its own teacher keeps all of its accuracy, but that is no saving certified.
    met = certificate.met and not found.decision.is_teacher
    return parts.Certificate(
        keep=found.config.keep,
        confidence=found.config.confidence,
        lower_bound=certificate.lower_bound,
        met=met,
        rows=certificate.rows,
        method=METHOD,
        teacher_accuracy=certificate.teacher_accuracy,
        plan_accuracy=certificate.plan_accuracy,
        teacher_right_plan_wrong=certificate.teacher_right_plan_wrong,
        plan_right_teacher_wrong=certificate.plan_right_teacher_wrong,
        attempts=tuple(
            parts.Attempt(
                name=attempt.option.name,
                passed=attempt.certificate.met,
                lower_bound=attempt.certificate.lower_bound,
            )
            for attempt in found.decision.attempts
        ),
        advice=None
        if advice is None
        else parts.Advice(rows_needed=advice.rows_needed, keep_that_passes=advice.keep_that_passes),
    )


def _cost(found: Findings) -> schema.Cost:
    cost, price = found.plan_costs["plan"], found.price
    return schema.Cost(
        **_measurement(cost.throughput, cost.latency, cost.memory_bytes, price),
        host=price.id,
        disk_bytes=found.plan_bytes,
        host_price=schema.HostPrice(
            id=price.id,
            per_hour=str(price.hourly.amount),
            currency=price.currency,
            source=price.source,
            date=price.date,
            vcpus=price.vcpus,
            memory_gib=None if price.memory_gib is None else float(price.memory_gib),
        ),
    )


def _reference(found: Findings) -> schema.Reference:
    cost, plan = found.plan_costs["reference"], found.plan_costs["plan"]
    return schema.Reference(
        **_measurement(cost.throughput, cost.latency, cost.memory_bytes, found.price),
        name=REFERENCE_NAME,
        ratio=plan.throughput.median / cost.throughput.median,
    )


def _candidates(found: Findings, judged: Judged) -> tuple[schema.Candidate, ...]:
    rows = []
    for candidate in found.candidates:
        cost = found.costs[candidate.name]
        labels = judged.predictions[candidate.name].argmax(axis=1)
        rows.append(
            schema.Candidate(
                **_measurement(cost.throughput, cost.latency, cost.memory_bytes, found.price),
                name=candidate.name,
                family=candidate.family,
                accuracy=metrics.accuracy(judged.labels, labels),
                macro_f1=metrics.macro_f1(judged.labels, labels),
                bytes=candidate.bytes,
                parameters=candidate.facts.get("parameters"),
            )
        )
    return tuple(rows)


def _measurement(
    throughput: Throughput, latency: Latency | None, memory: int | None, price: PriceRow
) -> dict[str, Any]:
    return {
        "texts_per_second": throughput.median,
        "usd_per_million": _usd(throughput.median, price),
        "repeats": throughput.repeats,
        "spread_fraction": throughput.spread_fraction,
        "single_p50_seconds": None if latency is None else latency.p50_ms / 1e3,
        "single_p99_seconds": None if latency is None else latency.p99_ms / 1e3,
        "peak_memory_bytes": memory,
    }


def _usd(texts_per_second: float, price: PriceRow) -> float | None:
    """Dollars for a million texts; None where the host is priced in another currency."""
    if price.currency != "USD":
        return None
    return float(usd_per_million(texts_per_second, price).amount)


def _data(found: Findings) -> schema.Data:
    facts, data = found.data.facts, found.data
    reports = facts["reports"]
    findings = {
        "train": [*reports["train"]["findings"], *facts["split_findings"]],
        "test": reports.get("test", {"findings": []})["findings"],
    }
    splits = {"train": len(data.train), **{name: len(p) for name, p in data.parts().items()}}
    if data.few:
        splits = {"train": splits["train"], "folds": splits["certify"]} | (
            {} if data.test is None else {"test": splits["test"]}
        )
    return schema.Data(
        source=found.config.train,
        test_source=found.config.test,
        rows_read=reports["train"]["rows_read"],
        classes=len(data.classes),
        findings=tuple(_finding(one, file) for file, some in findings.items() for one in some),
        splits=tuple(
            schema.Split.model_validate({"name": n, "rows": r}) for n, r in splits.items()
        ),
    )


def _finding(finding: Mapping[str, Any], file: str) -> schema.Finding:
    action = ACTIONS.get(finding["rule"], finding["action"])
    return schema.Finding.model_validate({**finding, "action": action, "file": file})


def _machine(machine: MachineFacts) -> schema.Machine:
    return schema.Machine(
        cpu_model=machine.cpu_model,
        cores=machine.cores,
        memory_bytes=machine.memory_bytes,
        instruction_sets=machine.instruction_sets,
        gpu=machine.gpu,
        system=machine.system,
        libraries=dict(machine.libraries),
    )


def _ledger(found: Findings) -> schema.LedgerSummary:
    ended = [entry for entry in found.entries if entry.event is not Event.STARTED]
    amounts = [entry.amount for entry in ended if entry.amount is not None]
    unknown = any(entry.amount is None and entry.event is not Event.REUSED for entry in ended)
    currency = found.price.currency
    exact = None if unknown else total(amounts, currency).amount
    return schema.LedgerSummary(
        total=None if exact is None else float(exact),
        total_exact=None if exact is None else str(exact),
        currency=currency,
        entries=tuple(_ledger_line(entry) for entry in ended),
    )


def _ledger_line(entry: Entry) -> schema.LedgerLine:
    used = {usage.unit: usage.quantity for usage in entry.usage}

    def seconds(unit: Unit) -> float | None:
        return float(round(used[unit], 3)) if unit in used else None

    return schema.LedgerLine(
        stage=entry.stage,
        event=entry.event.value,
        cpu_seconds=seconds(Unit.CPU_SECONDS),
        gpu_seconds=seconds(Unit.GPU_SECONDS),
        wall_seconds=seconds(Unit.WALL_SECONDS),
        amount=None if entry.amount is None else _plain(entry.amount.amount),
        paid_by=None if entry.paid_by is None else str(entry.paid_by),
    )


def _plain(amount: Decimal) -> str:
    return f"{amount:f}"


def _licences(found: Findings) -> tuple[schema.Licence, ...]:
    used = set(found.decision.plan.models)
    return tuple(
        schema.Licence(
            what=candidate.name,
            licence=str(candidate.facts.get("licence") or "unknown"),
            source=candidate.facts.get("source"),
        )
        for candidate in found.candidates
        if candidate.name in used and candidate.family not in {"ngram", "static"}
    )
