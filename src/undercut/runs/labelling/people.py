"""Workers whose answers come as files, sooner or later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from undercut.build.labels.workers import Answer, Ask, WorkerFacts
from undercut.runs.labelling.formats import Format, Suggestion, read_answers, write_tasks
from undercut.runs.labelling.recorded import named


@dataclass(frozen=True, slots=True)
class PeopleWorker:
    """People behind a labelling tool: tasks go out as a file, answers come back as one.

    tasks: where `ask` writes. answers: where `collect` looks; the tool's export is put there by
    whoever runs it. format: of the tasks; that of the answers is recognised.
    """

    facts: WorkerFacts
    tasks: Path
    answers: Path
    format: Format

    def ask(
        self,
        asks: Sequence[Ask],
        *,
        classes: Sequence[str],
        preannotations: Mapping[str, Suggestion] | None = None,
    ) -> tuple[Path, ...]:
        """Write the tasks file; all files written, tasks first."""
        self.tasks.parent.mkdir(parents=True, exist_ok=True)
        return write_tasks(
            self.tasks, asks, classes=classes, format=self.format, preannotations=preannotations
        )

    def collect(self) -> list[Answer]:
        """All answers that came back so far, each with this worker's price; none without a file.

        They come from `answers`, and from the JSON lines beside it that `undercut annotate` writes.
        An answer has the person's name after this worker's: `crowd/A3F`. Answers read before come
        again: their `reference` tells.
        """
        files = dict.fromkeys((self.answers, self.answers.with_suffix(".jsonl")))
        return [
            named(answer, self.facts)
            for file in files
            if file.exists()
            for answer in read_answers(file)
        ]
