"""Events are told after they took effect: a keeper that fails is in the log, not in the answer."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

import pytest

from undercut.core.errors import BooksUnavailableError
from undercut.operate.serving.deploy.events import Action, DeploymentEvent
from undercut.operate.serving.deploy.history import History
from undercut.operate.serving.deploy.orders import PlanRef

AT = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.parametrize("error", [BooksUnavailableError("down"), KeyError("a fault of ours")])
def test_a_failing_keeper_is_logged_and_fails_no_swap(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(event: DeploymentEvent) -> None:
        raise error

    history = History(refuse, lambda: AT)
    with caplog.at_level(logging.ERROR):
        asyncio.run(history.tell(Action.DEPLOYED, PlanRef("plans/a", "d1"), actor="ops"))
    (said,) = caplog.records
    assert "plans/a" in said.getMessage()
    assert said.exc_info is not None
    assert said.exc_info[1] is error


def test_being_stopped_while_keeping_is_not_swallowed() -> None:
    async def stopped(event: DeploymentEvent) -> None:
        raise asyncio.CancelledError

    history = History(stopped, lambda: AT)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(history.tell(Action.DEPLOYED, PlanRef("plans/a", "d1"), actor="ops"))
