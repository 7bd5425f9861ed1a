"""A plan on trial beside the current one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from undercut.models.threads import available_cores
from undercut.operate.serving.deploy.comparison import Comparison
from undercut.operate.serving.deploy.orders import PlanRef, Trial
from undercut.operate.serving.deploy.routing import goes_to_canary
from undercut.operate.serving.engine.plan_engine import PlanEngine
from undercut.operate.serving.engine.settings import EngineSettings, default_workers

SHADOW_NICE: Final = 15
SHADOW_WORKERS_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Candidate:
    """The engine of the plan on trial, its share of requests (None in shadow), what was seen."""

    engine: PlanEngine
    settings: EngineSettings
    path: str
    share: float | None
    order: int
    comparison: Comparison

    @property
    def trial(self) -> Trial:
        """As the history has it."""
        return Trial(PlanRef(self.path, self.engine.plan.digest), self.share, self.order)

    def takes(self, route: str) -> bool:
        """Whether the candidate answers this request."""
        if self.share is None:
            return False
        salt = f"{self.engine.plan.digest[:32]} {self.order}"
        return goes_to_canary(route, self.share, salt=salt)


def with_workers(settings: EngineSettings) -> EngineSettings:
    """The settings with the number of workers made out."""
    if settings.workers is not None:
        return settings
    return settings.model_copy(update={"workers": default_workers(available_cores())})


def trial_settings(settings: EngineSettings, share: float | None) -> EngineSettings:
    """As many workers as its share needs; in shadow few, and they yield to all others."""
    workers = with_workers(settings).workers
    if workers:
        workers = max(1, math.ceil(workers * (SHADOW_WORKERS_SHARE if share is None else share)))
    nice = settings.nice if share is not None else max(settings.nice, SHADOW_NICE)
    return settings.model_copy(update={"workers": workers, "nice": nice})
