"""Events of deployments, told to whoever keeps them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from undercut.operate.serving.deploy.comparison import ComparisonState
from undercut.operate.serving.deploy.events import Action, DeploymentEvent, Detail, RecordEvent
from undercut.operate.serving.deploy.orders import PlanRef

LOG = logging.getLogger(__name__)


class History:
    """Tells events; where they cannot be kept, serving goes on and the log says so."""

    def __init__(self, record: RecordEvent | None, now: Callable[[], datetime]) -> None:
        self._record = record
        self._now = now

    async def tell(
        self,
        action: Action,
        plan: PlanRef,
        *,
        actor: str,
        note: str = "",
        share: float | None = None,
        shadow: bool = False,
        order: int = 0,
        why: str = "",
        comparison: ComparisonState | None = None,
    ) -> None:
        """One event, now."""
        detail: Detail = {
            **({"order": order} if order else {}),
            **({"why": why} if why else {}),
            **(asdict(comparison) if comparison else {}),
        }
        event = DeploymentEvent(
            at=self._now(),
            action=action,
            plan_path=plan.path,
            plan_digest=plan.digest,
            canary_share=share,
            shadow=shadow,
            actor=actor,
            note=note,
            detail=detail,
        )
        LOG.info("%s %s (%s) %s", action, plan.path, plan.digest, why)
        if self._record is None:
            return
        try:
            await self._record(event)
        except Exception:
            # Whatever the keeper raises (its database, its own checks), the event has already taken
            # effect: an error here would report a swap as failed that serves. The log has it all.
            LOG.exception("the event %s of %s could not be recorded", action, plan.path)
