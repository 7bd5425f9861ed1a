"""A plan on trial beside the current one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from undercut.operate.serving.deploy.comparison import Comparison
from undercut.operate.serving.deploy.orders import PlanRef, Trial
from undercut.operate.serving.deploy.routing import goes_to_canary
from undercut.operate.serving.engine.opening import workers_for
from undercut.operate.serving.engine.plan_engine import PlanEngine
from undercut.operate.serving.engine.settings import EngineSettings

SHADOW_NICE: Final = 15
SHADOW_WORKERS_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Candidate:
    """The engine of the plan on trial, its share of requests (None in shadow), what was seen.

    settings: of the engine. whole: what it would have with all of the traffic.
    """

    engine: PlanEngine
    settings: EngineSettings
    whole: EngineSettings
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


def with_workers(settings: EngineSettings, plan: str) -> EngineSettings:
    """The settings with the number of workers made out for a plan folder (`workers_for`)."""
    return settings.model_copy(update={"workers": workers_for(Path(plan), settings)})


def trial_settings(whole: EngineSettings, share: float | None) -> EngineSettings:
    """As many workers as its share needs; in shadow few, and they yield to all others.

    whole: as `with_workers` makes them, for all of the traffic.
    """
    workers = whole.workers
    if workers:
        workers = max(1, math.ceil(workers * (SHADOW_WORKERS_SHARE if share is None else share)))
    nice = whole.nice if share is not None else max(whole.nice, SHADOW_NICE)
    return whole.model_copy(update={"workers": workers, "nice": nice})
