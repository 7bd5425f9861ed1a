"""What calling the command line gives, and a stand-in for the one function `run` calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from undercut.runs.config import RunConfig
from undercut.runs.progress import Progress
from undercut.runs.report.schema import Report


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Call = Callable[..., Outcome]


@dataclass
class FakeJob:
    """Stands in for `undercut.runs.main_job.run`: gives a sample report, or raises."""

    report: Report
    error: BaseException | None = None
    prints: str = ""
    configs: list[RunConfig] = field(default_factory=list)

    def run(self, config: RunConfig, *, progress: Progress | None = None) -> Report:
        self.configs.append(config)
        assert progress is not None
        progress.start("teacher", "train the teacher")
        if self.prints:
            print(self.prints)
        if self.error is not None:
            raise self.error
        progress.finish("teacher", reused=False, seconds=1.25)
        return self.report
