"""A server process follows the history of orders."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from undercut.core.errors import UndercutError
from undercut.operate.serving.deploy.deployments import Deployments, Order
from undercut.operate.serving.deploy.events import Action
from undercut.operate.serving.deploy.orders import (
    Actual,
    DeploymentRow,
    PlanRef,
    Step,
    desired_state,
    next_step,
)

LOG = logging.getLogger(__name__)
# A swap and a trial; more steps than these never come from one poll.
MOST_STEPS: Final = 4


class OrderFollower:
    """Brings one process to the state that the rows ask for.

    initial: the plan that the server was started with.
    """

    def __init__(self, deployments: Deployments, initial: str) -> None:
        self._deployments = deployments
        self._initial = PlanRef(initial)
        self._failed_order: int | None = None

    async def follow(self, rows: Sequence[DeploymentRow]) -> None:
        """Do what the rows ask for, given all of them.

        An order that fails is recorded with its reason and not tried again; what was served goes
        on being served.
        """
        desired = desired_state(self._initial, rows)
        for _ in range(MOST_STEPS):
            candidate = self._deployments.candidate
            actual = Actual(
                self._deployments.current,
                candidate.trial if candidate else None,
                self._failed_order,
                self._deployments.finished_order,
            )
            step = next_step(desired, actual)
            if step is None:
                return
            order = Order(desired.actor, desired.note, step.order)
            try:
                await self._take(step, order)
            except (UndercutError, OSError) as error:
                self._failed_order = desired.order
                LOG.error("order %d could not be followed: %s", desired.order, error)
                await self._deployments.tell_failure(step.action, step.plan, order, str(error))

    async def _take(self, step: Step, order: Order) -> None:
        served = self._deployments
        if step.action is Action.DEPLOY:
            await served.deploy(step.plan, order)
        elif step.action is Action.CANARY:
            await served.canary(step.plan, step.share or 0.0, order)
        elif step.action is Action.SHADOW:
            await served.shadow(step.plan, order)
        elif step.action is Action.PROMOTE:
            await served.promote(order)
        else:
            await served.rollback(order)
