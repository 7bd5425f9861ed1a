"""`undercut deploy`: orders in the books, which every server process follows, and their history."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from undercut.core.errors import ConfigError

if TYPE_CHECKING:
    from undercut.operate.metering.books import OpenBooks
    from undercut.operate.serving.deploy.events import Action
    from undercut.operate.serving.deploy.orders import DeploymentRow

_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order in the books.

    outcome: what the first server process that acted on it did, None where none did in time.
    """

    id: int
    action: Action
    plan_path: str
    plan_digest: str | None
    outcome: DeploymentRow | None


def give_order(
    books: OpenBooks,
    action: Action,
    plan: str | Path | None = None,
    *,
    share: float | None = None,
    note: str = "",
    wait_seconds: float = 30.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Ordered:
    """Write an order and wait until a server has followed it or could not.

    plan: for deploy, canary and shadow; every hash is checked and the models are loaded once here,
    so that no server is asked to load a folder that is not whole. share: in (0, 1), for a canary.
    Raises ArtefactError, ConfigError or BooksUnavailableError; nothing is ordered then.
    """
    from undercut.operate.metering.deployments import Deployment, append_deployment
    from undercut.operate.serving.deploy.events import Action

    path, digest = "", ""
    if plan is not None:
        path, digest = _checked(Path(plan))
    elif action not in (Action.PROMOTE, Action.ROLLBACK):
        raise ConfigError(f"{action.value} needs a plan folder", hint="undercut deploy out/plan")
    row = Deployment(
        at=datetime.now(UTC),
        action=action.value,
        plan_path=path,
        plan_digest=digest,
        canary_share=None if share is None else repr(share),
        shadow=action is Action.SHADOW,
        actor=_actor(),
        note=note,
    )
    number = books.write(lambda connection: append_deployment(connection, row))
    outcome = _await_outcome(books, number, wait_seconds, sleep)
    return Ordered(number, action, path, digest or None, outcome)


def history(books: OpenBooks, after: int = 0) -> tuple[tuple[datetime, DeploymentRow], ...]:
    """Orders and what became of them, oldest first."""
    from undercut.operate.metering.deployments import deployments_since
    from undercut.runs.serving_history import order_of

    found = books.read(lambda connection: deployments_since(connection, after))
    return tuple((row.at, order_of(number, row)) for number, row in found)


def parse_share(text: str) -> float:
    """A share of the traffic as people write it: '10%' or '0.1'; ConfigError otherwise."""
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0.0 < share < 1.0:
        raise ConfigError(
            f"a canary's share lies between 0 and 100%, got {text!r}",
            hint="--canary 10%; without --canary the plan gets all of the traffic",
        )
    return share


def _checked(plan: Path) -> tuple[str, str]:
    from undercut.models.plan import find_plan, load_plan

    root = find_plan(plan).resolve()
    return str(root), load_plan(root).digest


def _await_outcome(
    books: OpenBooks, number: int, wait_seconds: float, sleep: Callable[[float], None]
) -> DeploymentRow | None:
    """The event that names this order; servers look at the books four times a second."""
    deadline = time.monotonic() + wait_seconds
    while True:
        for _, row in history(books, number):
            if row.detail.get("order") == number:
                return row
        if time.monotonic() >= deadline:
            return None
        sleep(_POLL_SECONDS)


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
