"""The loop of a labelling job: decide, put questions, until people are waited for or it ends."""

from __future__ import annotations

import dataclasses

from undercut.build.labels.deciding.position import Step
from undercut.build.labels.deciding.steps import next_step
from undercut.core.errors import ConfigError
from undercut.runs.labelling.asking import collect
from undercut.runs.labelling.finishing import finish
from undercut.runs.labelling.joint import save_joint
from undercut.runs.labelling.joint_deciding import decide
from undercut.runs.labelling.open_job import Job, book, now
from undercut.runs.labelling.people import PeopleWorker
from undercut.runs.labelling.putting import ask_again, ask_machine, hand_out_all, take
from undercut.runs.labelling.result import LabelReport, Status

# With fewer there is no curve to measure.
LEAST_LABELS = 10


def go_on(job: Job) -> LabelReport:
    """Take the job as far as it goes without people, and write what it found."""
    _settle_batches(job)
    status: Status
    while True:
        ask_again(job)
        if hand_out_all(job):
            status = "waiting"
            step = next_step(job.position(), job.market)
            break
        step = next_step(job.position(), job.market)
        if step.purpose is None:
            if _widened(job, step):
                continue
            status = step.reason  # type: ignore[assignment]
            break
        if not take(job, step):
            status = "budget"
            break
    return finish(job, step, status)


def _widened(job: Job, step: Step) -> bool:
    """With a joint budget: decide what it buys next; False where the job is at its end."""
    if job.joint is None or job.joint.final:
        return False
    vectors = job.vectors()
    if vectors is None or (step.learnt.standing.labels >= 0).sum() < LEAST_LABELS:
        job.joint = dataclasses.replace(job.joint, final=True)
        save_joint(job.journal, job.joint)
    else:
        job.progress.start("curve", "measure what each way on would gain")
        started = now()
        job.joint = decide(job, job.joint, step, vectors)
        job.progress.finish("curve", reused=False, seconds=(now() - started).total_seconds())
    return True


def _settle_batches(job: Job) -> None:
    """Finish what a kill left open, and take in what people answered."""
    for worker in job.workers.values():
        if isinstance(worker, PeopleWorker):
            new, unasked = collect(job.journal, worker, classes=job.classes, now=now)
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
            ask_machine(job, worker_of, batch.id, batch.purpose)
    book(job)
