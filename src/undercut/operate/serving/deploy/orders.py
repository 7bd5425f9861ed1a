"""From the history of orders to the next step of a server process: pure functions.

Every server process reads the same rows, works out what shall be served, compares it with what it
serves, and takes one step. So processes that start late or miss a poll end in the same state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from undercut.operate.serving.deploy.events import AUTOMATIC, Action, Detail


@dataclass(frozen=True, slots=True)
class DeploymentRow:
    """One row of the history, an order or an event (see `DeploymentEvent`); ids ascend."""

    id: int
    action: str
    plan_path: str = ""
    plan_digest: str | None = None
    canary_share: float | None = None
    shadow: bool = False
    actor: str = ""
    note: str = ""
    detail: Detail = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanRef:
    """A plan folder; digest None: whatever is there."""

    path: str
    digest: str | None = None

    def matches(self, other: PlanRef) -> bool:
        """Whether both can be the same plan."""
        if self.digest is not None and other.digest is not None:
            return self.digest == other.digest
        return self.path == other.path


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate beside the current plan; share: of requests that it answers, None in shadow.

    order: id of the order that asked for it.
    """

    plan: PlanRef
    share: float | None
    order: int


@dataclass(frozen=True, slots=True)
class Desired:
    """What shall be served. order, actor, note: of the last row that changed it."""

    current: PlanRef
    trial: Trial | None = None
    previous: PlanRef | None = None
    order: int = 0
    actor: str = AUTOMATIC
    note: str = ""


@dataclass(frozen=True, slots=True)
class Actual:
    """What a process serves.

    failed_order: the order that it tried last and could not follow. finished_order: the order
    whose trial it has ended by itself; the history hears of it a little later.
    """

    current: PlanRef
    trial: Trial | None = None
    failed_order: int | None = None
    finished_order: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next: an order of `Action`, and the plan that it is about."""

    action: Action
    plan: PlanRef
    share: float | None = None
    order: int = 0


def desired_state(initial: PlanRef, rows: Iterable[DeploymentRow]) -> Desired:
    """What shall be served after all rows; initial: the plan that the server was started with."""
    state = Desired(initial)
    for row in rows:
        changed = _after(state, row)
        if changed is not None:
            state = replace(changed, order=row.id, actor=row.actor, note=row.note)
    return state


def next_step(desired: Desired, actual: Actual) -> Step | None:
    """The next thing to do, None where nothing is or where the last try has failed."""
    wanted, trial = desired.trial, actual.trial
    if actual.failed_order == desired.order:
        return None
    if wanted is not None and wanted.order == actual.finished_order:
        return None
    if not desired.current.matches(actual.current):
        promotes = trial is not None and desired.current.matches(trial.plan)
        action = Action.PROMOTE if promotes else Action.DEPLOY
        return Step(action, desired.current, order=desired.order)
    if wanted is None:
        return None if trial is None else Step(Action.ROLLBACK, trial.plan, order=desired.order)
    if trial is not None and _same_trial(wanted, trial):
        return None
    action = Action.SHADOW if wanted.share is None else Action.CANARY
    return Step(action, wanted.plan, wanted.share, wanted.order)


def _same_trial(wanted: Trial, trial: Trial) -> bool:
    return (
        wanted.plan.matches(trial.plan)
        and wanted.share == trial.share
        and wanted.order == trial.order
    )


def _after(state: Desired, row: DeploymentRow) -> Desired | None:
    """The state after a row, None where the row changes nothing."""
    plan, trial = PlanRef(row.plan_path, row.plan_digest), state.trial
    match row.action:
        case Action.DEPLOY:
            return Desired(plan, None, state.current)
        case Action.CANARY:
            return replace(state, trial=Trial(plan, row.canary_share or 0.0, row.id))
        case Action.SHADOW:
            return replace(state, trial=Trial(plan, None, row.id))
        case Action.PROMOTE if trial is not None:
            return Desired(trial.plan, None, state.current)
        case Action.ROLLBACK if trial is not None:
            return replace(state, trial=None)
        case Action.ROLLBACK if state.previous is not None:
            return Desired(state.previous, None, None)
        # What one process did by itself, all do.
        case Action.PROMOTED if trial is not None and _by_itself(row, trial):
            return Desired(trial.plan, None, state.current)
        case Action.ROLLED_BACK if trial is not None and _by_itself(row, trial):
            return replace(state, trial=None)
    return None


def _by_itself(row: DeploymentRow, trial: Trial) -> bool:
    return row.actor == AUTOMATIC and row.detail.get("order") == trial.order
