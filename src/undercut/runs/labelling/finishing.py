"""The end of a labelling job, or its rest: certificate, tables, report."""

from __future__ import annotations

from undercut.build.labels.deciding.judge import find_judge, judged_items
from undercut.build.labels.deciding.position import Step
from undercut.runs.labelling.augmented import write_copies
from undercut.runs.labelling.certify import certify
from undercut.runs.labelling.distilled import write_pseudo
from undercut.runs.labelling.open_job import Job, now
from undercut.runs.labelling.output import write_all
from undercut.runs.labelling.report.files import write_label_report
from undercut.runs.labelling.result import LabelReport, Status, build_report, labelled_items


def finish(job: Job, step: Step, status: Status) -> LabelReport:
    """Write what the job found so far into its folder."""
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
        gold=job.gold,
    )
    texts = [(ask.item, ask.text) for ask in job.everything]
    signed = write_all(job.config.out_folder, certificate, labels, texts, job.drawn())
    distils = job.joint is not None and job.joint.distil
    pseudo = write_pseudo(
        job.config.out_folder,
        step.learnt.standing,
        job.everything,
        job.vectors() if distils else None,
        job.classes,
        job.drawn(),
    )
    copies = write_copies(
        job.config.out_folder,
        labels,
        wanted=job.joint is not None and job.joint.augment,
        seed=job.config.seed,
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
        copies=copies,
        now=now(),
    )
    write_label_report(report, job.config.out_folder)
    return report
