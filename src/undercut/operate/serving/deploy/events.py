"""Orders to deploy and what became of them: rows of one append-only history."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

Detail: TypeAlias = Mapping[str, str | int | float | bool | None]

# The actor of what a server does by itself.
AUTOMATIC: Final = "undercut"


class Action(StrEnum):
    """Orders say what shall be, events what has become of it in one server process."""

    DEPLOY = "deploy"
    CANARY = "canary"
    SHADOW = "shadow"
    PROMOTE = "promote"
    ROLLBACK = "rollback"

    STARTED = "started"
    DEPLOYED = "deployed"
    CANARY_STARTED = "canary_started"
    SHADOW_STARTED = "shadow_started"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DeploymentEvent:
    """What happened to a plan in a server process; the books store it.

    plan_path, plan_digest: the plan that it happened to. canary_share: in [0, 1], None where there
    is no canary. actor: who ordered it, `undercut` where the server did by itself. detail: JSON
    values; `order` is the id of the order, `why` the reason, counts of the comparison.
    """

    at: datetime
    action: Action
    plan_path: str
    plan_digest: str | None
    canary_share: float | None = None
    shadow: bool = False
    actor: str = AUTOMATIC
    note: str = ""
    detail: Detail = field(default_factory=dict)


RecordEvent: TypeAlias = Callable[[DeploymentEvent], Awaitable[None]]
