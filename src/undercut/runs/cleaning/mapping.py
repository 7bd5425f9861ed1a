"""Stages of steps that look at rows one by one: one stage a step and source."""

from __future__ import annotations

from pathlib import Path

from undercut.core.usage import Unit, Usage
from undercut.runs.cleaning.rows import Rows, SourceRows
from undercut.runs.cleaning.specs import StepSpec
from undercut.runs.cleaning.workers import Workers
from undercut.runs.stages import Stages


def run_step(
    stages: Stages, rows: Rows, spec: StepSpec, workers: Workers, *, source: int | None = None
) -> Rows:
    """One step over one source, or over every one, each a stage of its own."""
    further = {
        each.number: _over(stages, each, spec, workers)
        for each in rows.sources
        if source in (None, each.number)
    }
    return rows.replaced(further)


def _over(stages: Stages, source: SourceRows, spec: StepSpec, workers: Workers) -> SourceRows:
    def build(folder: Path) -> None:
        seen = 0
        for done in workers.run(spec, source.parts, folder):
            if done.cpu_seconds:
                stages.books.meter.record(Usage.measured(Unit.CPU_SECONDS, done.cpu_seconds))
            seen += done.part.rows
            stages.tick(seen / max(1, source.facts.records), f"{seen:,} rows of {source.name}")

    made = stages.run(
        f"{spec.name} {source.name}",
        f"{spec.description}: {source.name}",
        build,
        version=spec.version,
        config=spec.settings,
        inputs={"rows": source.made},
    )
    return source.after(spec.name, made, made.path)
