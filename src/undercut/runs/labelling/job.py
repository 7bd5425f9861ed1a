"""The labelling job: texts, workers, a budget → labels with a known error and a known price."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.deciding.answers import UNKNOWN
from undercut.build.labels.deciding.config import MarketConfig
from undercut.build.labels.deciding.steps import (
    Position,
    Purpose,
    Step,
    alpha_of,
    find_judge,
    judged_items,
    next_step,
)
from undercut.build.labels.workers import Ask, Worker, WorkerFacts
from undercut.core.errors import ArtefactError, BudgetExceededError, ConfigError
from undercut.core.ledger import Ledger
from undercut.core.locks import RunLock
from undercut.core.money import exact
from undercut.runs.labelling.asking import AnyWorker, collect, finish_batch, hand_out
from undercut.runs.labelling.certify import certify
from undercut.runs.labelling.config import LabelConfig, make_label_config
from undercut.runs.labelling.distilled import write_pseudo
from undercut.runs.labelling.formats import Suggestion
from undercut.runs.labelling.joint import Joint, decide, first, load_joint, save_joint
from undercut.runs.labelling.journal import FILE, AuditDrawn, Journal
from undercut.runs.labelling.label_booking import book_closed
from undercut.runs.labelling.output import write_all
from undercut.runs.labelling.people import PeopleWorker
from undercut.runs.labelling.position import read_position
from undercut.runs.labelling.report.files import write_label_report
from undercut.runs.labelling.result import LabelReport, Status, build_report, labelled_items
from undercut.runs.labelling.texts import find_classes, read_gold, read_texts
from undercut.runs.labelling.vectors import kept_vectors
from undercut.runs.labelling.workers_file import load_workers
from undercut.runs.progress import Progress, Silence
from undercut.runs.stages import LEDGER_FILE

# Without any model installed a student cannot learn; below this many texts it is not worth it.
LEAST_TEXTS_FOR_STUDENT = 300
# Of a joint budget, for whoever audits at the end.
KEPT_FOR_AUDIT = Decimal("0.2")


@dataclass
class Job:
    """One open job: its folder's journal, its workers, what it was asked."""

    config: LabelConfig
    journal: Journal
    ledger: Ledger
    everything: tuple[Ask, ...]
    classes: tuple[str, ...]
    gold: dict[str, str]
    workers: dict[str, AnyWorker]
    progress: Progress
    joint: Joint | None = None

    @property
    def items(self) -> tuple[Ask, ...]:
        """The texts that are labelled now: all, or the part of them that pays so far."""
        return self.everything if self.joint is None else self.everything[: self.joint.pool]

    @property
    def market(self) -> MarketConfig:
        """What is wanted now: the audit comes last, when the part of the texts is settled."""
        config = self.config.market()
        if self.joint is None or self.joint.final:
            return config
        return dataclasses.replace(config, audit=False, target_error=self.joint.target)

    @property
    def facts(self) -> tuple[WorkerFacts, ...]:
        """Of the workers, in their order."""
        return tuple(worker.facts for worker in self.workers.values())

    @property
    def texts(self) -> dict[str, str]:
        """Item -> text."""
        return {ask.item: ask.text for ask in self.items}

    def position(self) -> Position:
        """Where it stands now."""
        position = read_position(
            self.journal,
            items=self.items,
            classes=self.classes,
            sources=self.facts,
            gold=self.gold,
            budget=self.config.budget_money,
        )
        vectors = self.vectors()
        kept = None if vectors is None else vectors[: len(self.items)]
        return dataclasses.replace(position, vectors=kept)

    def vectors(self) -> NDArray[np.float64] | None:
        """(everything, width); None where the encoder is missing or the texts are few."""
        if len(self.everything) < LEAST_TEXTS_FOR_STUDENT:
            return None
        return kept_vectors(self.config.out_folder, [ask.text for ask in self.everything])


def label(
    config: LabelConfig,
    *,
    workers: Sequence[AnyWorker] | None = None,
    progress: Progress | None = None,
) -> LabelReport:
    """Start a labelling job in an empty folder and take it as far as it goes without people.

    workers: in place of the workers file's. Raises ConfigError where the folder holds a job
    already, and the errors of `undercut.core.errors`. A target that is not met, and waiting for
    people, are results.
    """
    folder = config.out_folder
    with RunLock(folder):
        _refuse_second(folder)
        items = read_texts(config)
        gold = read_gold(config, items)
        classes = find_classes(config, gold)
        hired = hire(config, classes, items, gold, workers)
        with Journal.open(folder / FILE) as journal, Ledger.open(folder / LEDGER_FILE) as ledger:
            facts = {"classes": classes, "gold": gold, "config": config.model_dump(mode="json")}
            journal.begin(items, facts)
            joint = first(config, len(items)) if config.then_run else None
            if joint is not None:
                save_joint(journal, joint)
            return _go_on(
                Job(
                    config,
                    journal,
                    ledger,
                    _in_order(items, config),
                    classes,
                    gold,
                    hired,
                    progress or Silence(),
                    joint,
                )
            )


def _refuse_second(folder: Path) -> None:
    """ConfigError where a job began here; one that was killed before it began is no job."""
    if not (folder / FILE).exists():
        return
    with Journal.open(folder / FILE) as journal:
        begun = journal.meta("config") is not None
    if begun:
        raise ConfigError(
            f"{folder} holds a labelling job already",
            hint=f"undercut label resume {folder}, or another folder with --out",
        )


def resume(
    folder: Path,
    *,
    budget: str | None = None,
    ask_again: bool = False,
    workers: Sequence[AnyWorker] | None = None,
    progress: Progress | None = None,
) -> LabelReport:
    """Go on with a job: after votes came in, after a crash, with a larger budget.

    budget: a new hard limit for the whole job. ask_again: also put questions again that were sent
    before a kill and that the worker cannot recall: they may be paid twice.
    """
    if not (folder / FILE).exists():
        raise ArtefactError(
            f"{folder} holds no labelling job", hint=f"undercut label TEXTS --out {folder}"
        )
    with (
        RunLock(folder),
        Journal.open(folder / FILE) as journal,
        Ledger.open(folder / LEDGER_FILE) as ledger,
    ):
        stored = journal.meta("config")
        if stored is None:
            raise ArtefactError(
                f"{folder}: the job was stopped before it began",
                hint=f"undercut label TEXTS --out {folder}, as before",
            )
        config = make_label_config(
            {**stored, "out": str(folder), "budget": budget or stored["budget"]}
        )
        if budget is not None:
            journal.set_meta("config", config.model_dump(mode="json"))
        items, classes = _in_order(journal.items(), config), tuple(journal.meta("classes"))
        gold = dict(journal.meta("gold"))
        hired = hire(config, classes, items, gold, workers)
        if ask_again:
            journal.forgive()
        joint = load_joint(journal) or (first(config, len(items)) if config.then_run else None)
        return _go_on(
            Job(config, journal, ledger, items, classes, gold, hired, progress or Silence(), joint)
        )


def _in_order(items: tuple[Ask, ...], config: LabelConfig) -> tuple[Ask, ...]:
    """As the file has them, or shuffled where a part of them is labelled first."""
    if not config.then_run:
        return items
    order = np.random.default_rng([config.seed, 65537]).permutation(len(items))
    return tuple(items[place] for place in order.tolist())


def hire(
    config: LabelConfig,
    classes: tuple[str, ...],
    items: Sequence[Ask],
    gold: dict[str, str],
    workers: Sequence[AnyWorker] | None,
) -> dict[str, AnyWorker]:
    """The workers by name; ConfigError for none, two of a name, or another currency."""
    if workers is None:
        texts = {ask.item: ask.text for ask in items}
        workers = load_workers(
            Path(config.workers),
            classes=classes,
            folder=config.out_folder,
            currency=config.budget_money.currency,
            examples=tuple((texts[item], name) for item, name in gold.items()),
        )
    hired = {worker.facts.name: worker for worker in workers}
    if not hired or len(hired) < len(workers):
        raise ConfigError(
            f"{config.workers}: at least one worker is needed, each with a name of its own"
        )
    currency = config.budget_money.currency
    for worker in workers:
        if worker.facts.price.currency != currency:
            raise ConfigError(
                f"worker {worker.facts.name!r} is paid in {worker.facts.price.currency},"
                f" the budget is in {currency}",
                hint="one currency for all; undercut converts nothing",
            )
    return hired


def _go_on(job: Job) -> LabelReport:
    _settle_batches(job)
    status: Status
    while True:
        if _hand_out(job):
            status = "waiting"
            step = next_step(job.position(), job.market)
            break
        step = next_step(job.position(), job.market)
        if step.purpose is None:
            if _widened(job, step):
                continue
            status = step.reason  # type: ignore[assignment]
            break
        if not _take(job, step):
            status = "budget"
            break
    return _finish(job, step, status)


def _widened(job: Job, step: Step) -> bool:
    """With a joint budget: decide what it buys next; False where the job is at its end."""
    if job.joint is None or job.joint.final:
        return False
    vectors = job.vectors()
    if vectors is None:
        job.joint = dataclasses.replace(job.joint, final=True)
    else:
        job.progress.start("curve", "measure what more, better and a model's labels would gain")
        started = _now()
        job.joint = decide(
            job.journal,
            job.config,
            job.joint,
            step,
            vectors,
            texts=len(job.everything),
            kept_for_audit=job.config.budget_money * KEPT_FOR_AUDIT,
        )
        job.progress.finish("curve", reused=False, seconds=(_now() - started).total_seconds())
    save_joint(job.journal, job.joint)
    return True


def _settle_batches(job: Job) -> None:
    """Finish what a kill left open, and take in what people answered."""
    for worker in job.workers.values():
        if isinstance(worker, PeopleWorker):
            new, unasked = collect(job.journal, worker, classes=job.classes, now=_now)
            if new:
                job.progress.note(f"{worker.facts.name}: {new} answers came in")
            if unasked:
                job.progress.note(
                    f"{worker.facts.name}: {unasked} answers left out: nobody had asked for them"
                )
    for batch in job.journal.batches():
        worker_of = job.workers.get(batch.worker)
        if batch.closed:
            continue
        if worker_of is None:
            raise ConfigError(
                f"the workers file no longer names {batch.worker!r}, which has open questions"
            )
        if not isinstance(worker_of, PeopleWorker):
            _ask_machine(job, worker_of, batch.id, batch.purpose)
    _book(job)


def _take(job: Job, step: Step) -> bool:
    """Put a step's questions; False where the budget does not reach."""
    assert step.purpose is not None
    names = [ask.item for ask in job.items]
    explored = int(job.journal.meta("explored") or 0)
    asked_before = _asked_times(job) if step.purpose is Purpose.EXPLORE else Counter()
    for source in dict.fromkeys(step.source.tolist()):
        worker = list(job.workers.values())[source]
        items = [names[i] for i in step.item[step.source == source]]
        items = [item for item in items if asked_before[item, worker.facts.name] <= explored]
        if not items:
            continue
        audit = _audit_record(job, step, items) if step.purpose is Purpose.AUDIT else None
        try:
            batch = job.journal.put(
                items,
                worker=worker.facts.name,
                purpose=step.purpose.value,
                price=worker.facts.price,
                budget=job.config.budget_money,
                at=_now(),
                audit=audit,
            )
        except BudgetExceededError:
            return False
        _note_round(job, step, worker, len(items))
        if not isinstance(worker, PeopleWorker):
            _ask_machine(job, worker, batch.id, step.purpose.value)
    if step.purpose is Purpose.EXPLORE:
        job.journal.set_meta("explored", explored + 1)
    _book(job)
    return True


def _ask_machine(job: Job, worker: Worker, batch: int, purpose: str) -> None:
    stage = f"{purpose} {worker.facts.name}"
    total = len(job.journal.asks(batch=batch))
    done = 0
    job.progress.start(stage, f"{purpose}: {total} questions to {worker.facts.name}")

    def tick(count: int) -> None:
        nonlocal done
        done += count
        job.progress.update(done / max(total, 1), f"{done} of {total}", None)

    started = _now()
    finish_batch(
        job.journal,
        worker,
        batch,
        texts=job.texts,
        classes=job.classes,
        now=_now,
        tick=tick,
    )
    job.progress.finish(stage, reused=False, seconds=(_now() - started).total_seconds())


def _hand_out(job: Job) -> bool:
    """Write the files of people's open questions; whether there are any."""
    audited = {item for audit in job.journal.audits() for item in audit.labels}
    open_questions = 0
    for worker in job.workers.values():
        if isinstance(worker, PeopleWorker):
            # Who audits must not be told what to confirm.
            shown = {k: v for k, v in _suggestions(job).items() if k not in audited}
            open_questions += hand_out(
                job.journal,
                worker,
                texts=job.texts,
                classes=job.classes,
                suggestions=shown,
            )
    return open_questions > 0


def _suggestions(job: Job) -> dict[str, Suggestion]:
    """The latest machine's answer on each item."""
    found = {}
    for source, answer in job.journal.answers(job.config.budget_money.currency):
        worker = job.workers.get(source)
        if answer.label is not None and worker is not None and not isinstance(worker, PeopleWorker):
            found[answer.item] = Suggestion(answer.label, answer.probability, source)
    return found


def _audit_record(job: Job, step: Step, items: Sequence[str]) -> AuditDrawn:
    assert step.plan is not None
    position = job.position()
    standing = step.learnt.standing
    number = len(job.journal.audits())
    return AuditDrawn(
        number=number,
        batch=0,
        allowed=step.plan.allowed,
        predicted=step.error,
        alpha=alpha_of(number, job.market),
        population=int((~judged_items(position.heard, int(step.source[0]))).sum()),
        labels={
            item: job.classes[standing.labels[i]] if standing.labels[i] != UNKNOWN else ""
            for item, i in zip(items, step.item.tolist(), strict=True)
        },
        errors={
            item: float(standing.error[i])
            for item, i in zip(items, step.item.tolist(), strict=True)
        },
    )


def _note_round(job: Job, step: Step, worker: AnyWorker, asked: int) -> None:
    rounds = list(job.journal.meta("rounds") or ())
    rounds.append(
        {
            "purpose": str(step.purpose),
            "worker": worker.facts.name,
            "asked": asked,
            "error": step.error,
            "spent": exact(job.journal.committed(job.config.budget_money.currency).amount),
            "error_price": step.error_price,
        }
    )
    job.journal.set_meta("rounds", rounds)


def _asked_times(job: Job) -> Counter[tuple[str, str]]:
    return Counter((put.item, put.worker) for put in job.journal.asks())


def _book(job: Job) -> None:
    run_id = job.journal.meta("run_id")
    if run_id is None:
        run_id = f"label-{int(_now().timestamp() * 1000):x}"
        job.journal.set_meta("run_id", run_id)
    prices = {facts.name: facts.price for facts in job.facts}
    book_closed(job.journal, job.ledger, run_id=run_id, prices=prices, at=_now())


def _finish(job: Job, step: Step, status: Status) -> LabelReport:
    position = job.position()
    labels = labelled_items(job.items, position.heard, step.learnt)
    judge = find_judge(position.heard, job.market)
    seen = judged_items(position.heard, judge)
    certificate = certify(
        job.journal,
        job.config,
        step,
        labels=len(labels),
        texts=len(job.items),
        judge=None if judge is None else job.facts[judge].name,
        judged_by=int(seen.sum()),
    )
    texts = [(ask.item, ask.text) for ask in job.everything]
    signed = write_all(job.config.out_folder, certificate, labels, texts)
    distils = job.joint is not None and job.joint.distil
    pseudo = write_pseudo(
        job.config.out_folder,
        step.learnt.standing,
        job.everything,
        job.vectors() if distils else None,
        job.classes,
    )
    report = build_report(
        job.config,
        job.journal,
        status=status,
        heard=position.heard,
        learnt=step.learnt,
        labels=labels,
        certificate=signed,
        error=step.error,
        pseudo=pseudo,
        now=_now(),
    )
    write_label_report(report, job.config.out_folder)
    return report


def _now() -> datetime:
    return datetime.now(UTC)
