"""Puts a step's questions: written with their money first, then asked or handed out."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence

from undercut.build.labels.deciding.answers import UNKNOWN
from undercut.build.labels.deciding.judge import alpha_of, judged_items
from undercut.build.labels.deciding.position import Purpose, Step
from undercut.build.labels.workers import Worker
from undercut.core.errors import BudgetExceededError
from undercut.core.money import exact
from undercut.runs.labelling.asking import AnyWorker, finish_batch, hand_out
from undercut.runs.labelling.formats import Suggestion
from undercut.runs.labelling.joint import save_joint
from undercut.runs.labelling.journal import AuditDrawn
from undercut.runs.labelling.open_job import Job, book, now
from undercut.runs.labelling.people import PeopleWorker


def take(job: Job, step: Step) -> bool:
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
        if not _put(job, worker, items, step.purpose, audit, step):
            return False
        if step.look:
            job.progress.note(f"audit: {step.reason}: {len(items)} more are judged")
    if step.purpose is Purpose.EXPLORE:
        job.journal.set_meta("explored", explored + 1)
    book(job)
    return True


def ask_again(job: Job) -> None:
    """Put the questions about labels that look wrong which the last look decided on.

    Those that a kill found put already are not put twice. Where the budget does not reach for a
    worker's, they are let go.
    """
    joint = job.joint
    if joint is None or not joint.again:
        return
    asked = _asked_times(job)
    for name in dict.fromkeys(each.worker for each in joint.again):
        worker = job.workers.get(name)
        items = [
            each.item
            for each in joint.again
            if each.worker == name and asked[each.item, name] <= each.asked
        ]
        if worker is not None and items and not _put(job, worker, items, Purpose.CLEAN, None):
            job.progress.note(f"{name}: {len(items)} labels not asked about again: no money left")
    job.joint = dataclasses.replace(joint, again=())
    save_joint(job.journal, job.joint)
    book(job)


def _put(
    job: Job,
    worker: AnyWorker,
    items: Sequence[str],
    purpose: Purpose,
    audit: AuditDrawn | None,
    step: Step | None = None,
) -> bool:
    """Write the questions with their money, ask if it is a machine; False without the money."""
    try:
        batch = job.journal.put(
            items,
            worker=worker.facts.name,
            purpose=purpose.value,
            price=worker.facts.price,
            budget=job.config.budget_money,
            at=now(),
            audit=audit,
        )
    except BudgetExceededError:
        return False
    _note_round(job, purpose, worker, len(items), step)
    if not isinstance(worker, PeopleWorker):
        ask_machine(job, worker, batch.id, purpose.value)
    return True


def ask_machine(job: Job, worker: Worker, batch: int, purpose: str) -> None:
    """Ask a batch's questions that nobody has heard, telling how far it is."""
    stage = f"{purpose} {worker.facts.name}"
    total = len(job.journal.asks(batch=batch))
    done = 0
    job.progress.start(stage, f"{purpose}: {total} questions to {worker.facts.name}")

    def tick(count: int) -> None:
        nonlocal done
        done += count
        job.progress.update(done / max(total, 1), f"{done} of {total}", None)

    started = now()
    finish_batch(
        job.journal,
        worker,
        batch,
        texts=job.texts,
        classes=job.classes,
        now=now,
        tick=tick,
    )
    job.progress.finish(stage, reused=False, seconds=(now() - started).total_seconds())


def hand_out_all(job: Job) -> bool:
    """Write the files of people's open questions; whether there are any."""
    # Who audits, or is asked about a label that looks wrong, must not be told what to confirm.
    untold = {item for audit in job.journal.audits() for item in audit.labels}
    cleaned = {each.id for each in job.journal.batches() if each.purpose == Purpose.CLEAN}
    untold |= {put.item for put in job.journal.asks() if put.batch in cleaned}
    open_questions = 0
    for worker in job.workers.values():
        if isinstance(worker, PeopleWorker):
            shown = {k: v for k, v in _suggestions(job).items() if k not in untold}
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
    """What is written of this look: of a new audit, or of the last one, which grows."""
    assert step.plan is not None
    standing = step.learnt.standing
    named = [job.classes[k] if k != UNKNOWN else "" for k in standing.labels.tolist()]
    labels = dict(zip(items, (named[i] for i in step.item.tolist()), strict=True))
    errors = dict(zip(items, standing.error[step.item].tolist(), strict=True))
    drawn = job.journal.audits()
    if step.look:
        return dataclasses.replace(drawn[-1], labels=labels, errors=errors)
    seen = judged_items(job.position().heard, int(step.source[0]))
    return AuditDrawn(
        number=len(drawn),
        batches=(),
        sizes=step.plan.sizes,
        predicted=step.error,
        alpha=alpha_of(len(drawn), job.market),
        population=int((~seen).sum()),
        labels=labels,
        errors=errors,
        stood={ask.item: label for ask, label in zip(job.items, named, strict=True)},
    )


def _note_round(
    job: Job, purpose: Purpose, worker: AnyWorker, asked: int, step: Step | None
) -> None:
    """step: None where a look decided; what was believed then is what the last step left."""
    rounds = list(job.journal.meta("rounds") or ())
    error = step.error if step is not None else (rounds[-1]["error"] if rounds else 1.0)
    rounds.append(
        {
            "purpose": str(purpose),
            "worker": worker.facts.name,
            "asked": asked,
            "error": error,
            "spent": exact(job.journal.committed(job.config.budget_money.currency).amount),
            "error_price": None if step is None else step.error_price,
        }
    )
    job.journal.set_meta("rounds", rounds)


def _asked_times(job: Job) -> Counter[tuple[str, str]]:
    return Counter((put.item, put.worker) for put in job.journal.asks())
