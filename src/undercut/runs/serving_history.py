"""Deployments and the books: events are written there, orders are read from there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from undercut.core.errors import BooksUnavailableError
from undercut.operate.metering.books import OpenBooks
from undercut.operate.metering.deployments import (
    Deployment,
    append_deployment,
    deployments_since,
)
from undercut.operate.serving.deploy.deployments import Deployments
from undercut.operate.serving.deploy.events import DeploymentEvent, RecordEvent
from undercut.operate.serving.deploy.following import OrderFollower
from undercut.operate.serving.deploy.orders import DeploymentRow

# As often as keys are looked at: a plan that does harm is taken back at once.
POLL_SECONDS = 0.25


def recorder(books: OpenBooks) -> RecordEvent:
    """Writes events into the books."""

    async def record(event: DeploymentEvent) -> None:
        row = row_of(event)
        await books.write_async(lambda connection: append_deployment(connection, row))

    return record


def following(
    books: OpenBooks, deployments: Deployments, initial: str
) -> Callable[[], Awaitable[None]]:
    """Work for the background: bring this process to what the orders in the books ask for."""

    async def follow() -> None:
        follower = OrderFollower(deployments, initial)
        rows: list[DeploymentRow] = []
        while True:
            try:
                after = rows[-1].id if rows else 0
                rows += await asyncio.to_thread(books.read, _since(after))
            except BooksUnavailableError:
                # what is served goes on being served; the books are asked again
                await asyncio.sleep(POLL_SECONDS)
                continue
            await follower.follow(rows)
            await asyncio.sleep(POLL_SECONDS)

    return follow


def row_of(event: DeploymentEvent) -> Deployment:
    """An event as the books keep it."""
    return Deployment(
        at=event.at,
        action=event.action.value,
        plan_path=event.plan_path,
        plan_digest=event.plan_digest or "",
        canary_share=None if event.canary_share is None else repr(event.canary_share),
        shadow=event.shadow,
        actor=event.actor,
        note=event.note,
        detail_json=json.dumps(dict(event.detail), sort_keys=True, allow_nan=False),
    )


def order_of(number: int, row: Deployment) -> DeploymentRow:
    """A row of the books as deployments read it."""
    return DeploymentRow(
        id=number,
        action=row.action,
        plan_path=row.plan_path,
        plan_digest=row.plan_digest or None,
        canary_share=None if row.canary_share is None else float(row.canary_share),
        shadow=row.shadow,
        actor=row.actor,
        note=row.note,
        detail=json.loads(row.detail_json),
    )


def _since(after: int) -> Callable[..., list[DeploymentRow]]:
    return lambda connection: [
        order_of(number, row) for number, row in deployments_since(connection, after)
    ]
