"""Which plan answers: swapped without dropping a request, tried on a share, rolled back by itself.

`Deployments` is the engine that the server talks to. A new plan is loaded and warmed up beside the
current one; the swap itself is one assignment on the event loop, and the old plan finishes what it
has accepted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from undercut.core.errors import ArtefactError, ConfigError
from undercut.core.money import Money
from undercut.operate.serving.answering import Answered, PlanFacts
from undercut.operate.serving.deploy.bounds import DeploymentBounds
from undercut.operate.serving.deploy.candidate import Candidate, trial_settings, with_workers
from undercut.operate.serving.deploy.comparison import Comparison, ComparisonState
from undercut.operate.serving.deploy.events import AUTOMATIC, Action, RecordEvent
from undercut.operate.serving.deploy.history import History
from undercut.operate.serving.deploy.orders import PlanRef
from undercut.operate.serving.deploy.traffic import Traffic
from undercut.operate.serving.engine.counters import QueueState
from undercut.operate.serving.engine.plan_engine import PlanEngine
from undercut.operate.serving.engine.settings import EngineSettings


@dataclass(frozen=True, slots=True)
class DeploymentsState:
    """What is served now. candidate_share: None in shadow or without a candidate."""

    current: PlanFacts
    current_path: str
    candidate: PlanFacts | None
    candidate_path: str | None
    candidate_share: float | None
    comparison: ComparisonState | None


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants a change and why; id: of the row in the history, 0 for none."""

    actor: str = AUTOMATIC
    note: str = ""
    id: int = 0


class Deployments:
    """An `Engine` whose plan can be changed while it answers.

    record: gets every event after it took effect. now: for the events' times.
    """

    def __init__(
        self,
        folder: str | Path,
        settings: EngineSettings | None = None,
        *,
        bounds: DeploymentBounds | None = None,
        record: RecordEvent | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings or EngineSettings()
        self._bounds = bounds or DeploymentBounds()
        self._history = History(record, now)
        self._clock = clock
        self._path = str(folder)
        self._previous: PlanRef | None = None
        self._finished_order: int | None = None
        self._started: Traffic | None = None
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def _traffic(self) -> Traffic:
        if self._started is None:
            raise ConfigError("the engine answers nothing yet", hint="await start()")
        return self._started

    @property
    def plan(self) -> PlanFacts:
        """The plan that most traffic gets now."""
        return self._traffic.current.plan

    @property
    def current(self) -> PlanRef:
        """The current plan as the history has it."""
        return PlanRef(self._path, self.plan.digest)

    @property
    def candidate(self) -> Candidate | None:
        """The plan on trial."""
        return self._traffic.candidate

    @property
    def finished_order(self) -> int | None:
        """The order whose trial this process has ended by itself last."""
        return self._finished_order

    def most_cost(self, inputs: int) -> Money | None:
        """The most that this many texts can cost with any plan that may answer them."""
        most, candidate = self._traffic.current.most_cost(inputs), self.candidate
        if candidate is None or candidate.share is None or most is None:
            return most
        other = candidate.engine.most_cost(inputs)
        if other is None or other.currency != most.currency:
            return None
        return max(most, other)

    def state(self) -> DeploymentsState:
        """What is served now, and how the candidate does."""
        candidate = self.candidate
        return DeploymentsState(
            current=self.plan,
            current_path=self._path,
            candidate=candidate.engine.plan if candidate else None,
            candidate_path=candidate.path if candidate else None,
            candidate_share=candidate.share if candidate else None,
            comparison=candidate.comparison.state() if candidate else None,
        )

    def backlog_seconds(self) -> float:
        """Of the current plan's engine."""
        return self._traffic.current.backlog_seconds()

    def queue_state(self) -> QueueState:
        """Of the current plan's engine."""
        return self._traffic.current.queue_state()

    async def start(self) -> None:
        """Load the plan, warm it up. Raises ArtefactError where it is not a whole plan."""
        engine = await self._opened(PlanRef(self._path), self._settings)
        self._started = Traffic(engine, judged=self._judge, clock=self._clock)
        await self._history.tell(Action.STARTED, self.current, actor=AUTOMATIC)

    async def close(self) -> None:
        """Finish what was accepted by any plan, then stop."""
        async with self._changing:
            if self._started is None:
                return
            self._drop_candidate()
            await self._traffic.current.close()
        await self._traffic.finish()
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def answer(
        self,
        texts: Sequence[str],
        *,
        top_k: int = 1,
        deadline: float | None = None,
        route: str | None = None,
    ) -> Answered:
        """Answer texts with the current plan, or with the canary where the request is its share.

        route: what decides it: the idempotency key, else the request id; requests with the same
        one meet the same plan. None: requests are numbered. A canary that fails or is full costs
        the caller nothing: the current plan answers. Raises as `Engine.answer`.
        """
        return await self._traffic.answer(texts, top_k=top_k, deadline=deadline, route=route)

    async def deploy(self, folder: str | Path | PlanRef, order: Order | None = None) -> PlanFacts:
        """Swap to another plan; a candidate on trial is taken away.

        folder: with a digest (`PlanRef`), it must be that very plan.
        Raises ArtefactError where the plan cannot be loaded; then nothing has changed.
        """
        order, plan = order or Order(), _ref(folder)
        async with self._changing:
            engine = await self._opened(plan, self._settings)
            self._drop_candidate()
            self._swap(engine, plan.path)
            await self._tell(Action.DEPLOYED, self.current, order)
            return engine.plan

    async def canary(
        self, folder: str | Path | PlanRef, share: float, order: Order | None = None
    ) -> PlanFacts:
        """Let another plan answer a share of requests, in (0, 1]. Raises as `deploy`."""
        if not 0.0 < share <= 1.0:
            raise ConfigError(f"a canary's share must lie above 0 and up to 1, got {share}")
        return await self._begin_trial(_ref(folder), share, order or Order())

    async def shadow(self, folder: str | Path | PlanRef, order: Order | None = None) -> PlanFacts:
        """Let another plan answer copies of requests while there is time. Raises as `deploy`."""
        return await self._begin_trial(_ref(folder), None, order or Order())

    async def promote(self, order: Order | None = None) -> PlanFacts:
        """Let the candidate be the current plan. Raises ConfigError where there is none."""
        async with self._changing:
            candidate = self.candidate
            if candidate is None:
                raise ConfigError("there is no candidate to promote", hint="deploy one first")
            await self._promote(candidate, order or Order(id=candidate.order))
            return self.plan

    async def rollback(self, order: Order | None = None) -> PlanFacts:
        """Take the candidate away; without one, go back to the plan before the current one.

        Raises ConfigError where there is neither, ArtefactError where the former plan has changed.
        """
        async with self._changing:
            if (candidate := self.candidate) is not None:
                self._drop_candidate()
                await self._tell_rollback(candidate, order or Order(id=candidate.order))
            elif (previous := self._previous) is not None:
                left = self.current
                engine = await self._opened(previous, self._settings)
                self._swap(engine, previous.path)
                self._previous = None
                await self._tell(Action.ROLLED_BACK, left, order or Order())
            else:
                raise ConfigError("there is nothing to roll back to")
            return self.plan

    async def tell_failure(self, action: Action, plan: PlanRef, order: Order, why: str) -> None:
        """Record that an order could not be followed."""
        shadow = action is Action.SHADOW
        await self._history.tell(
            Action.FAILED,
            plan,
            actor=order.actor,
            note=order.note,
            shadow=shadow,
            order=order.id,
            why=f"{action}: {why}",
        )

    async def _begin_trial(self, plan: PlanRef, share: float | None, order: Order) -> PlanFacts:
        async with self._changing:
            whole = await asyncio.to_thread(with_workers, self._settings, plan.path)
            settings = trial_settings(whole, share)
            engine = await self._opened(plan, settings)
            self._drop_candidate()
            comparison = Comparison(self._bounds, self._traffic.reference)
            candidate = Candidate(engine, settings, whole, plan.path, share, order.id, comparison)
            self._traffic.candidate = candidate
            action = Action.SHADOW_STARTED if share is None else Action.CANARY_STARTED
            await self._history.tell(
                action,
                candidate.trial.plan,
                actor=order.actor,
                note=order.note,
                share=share,
                shadow=share is None,
                order=order.id,
            )
            return engine.plan

    async def _promote(self, candidate: Candidate, order: Order) -> None:
        engine = candidate.engine
        if candidate.settings != candidate.whole:  # fewer workers, or they yield: made anew
            engine = await self._opened(candidate.trial.plan, candidate.whole)
            if self.candidate is not candidate:
                self._later(engine.close())
                raise ConfigError("the candidate was rolled back while it was being promoted")
            self._later(candidate.engine.close())
        self._traffic.candidate = None
        self._traffic.drop_copies()
        self._swap(engine, candidate.path)
        await self._tell(Action.PROMOTED, self.current, order, candidate.comparison.state())

    def _judge(self, candidate: Candidate) -> None:
        """Act on what was just seen of the candidate; a bad one gets no further request."""
        if candidate is not self.candidate:
            return
        why = candidate.comparison.complaint()
        if why is not None:
            self._drop_candidate()
            self._finished_order = candidate.order
            order = Order(id=candidate.order)
            self._later(self._tell_rollback(candidate, order, why))
        elif candidate.comparison.ready() and not self._changing.locked():
            self._later(self._promote_by_itself(candidate))

    async def _promote_by_itself(self, candidate: Candidate) -> None:
        async with self._changing:
            if candidate is not self.candidate or not candidate.comparison.ready():
                return
            order = Order(id=candidate.order)
            self._finished_order = candidate.order
            try:
                await self._promote(candidate, order)
            except (ArtefactError, ConfigError, OSError) as error:
                plan = candidate.trial.plan
                if candidate is self.candidate:
                    self._drop_candidate()
                await self.tell_failure(Action.PROMOTE, plan, order, str(error))

    def _swap(self, engine: PlanEngine, path: str) -> None:
        old, self._previous = self._traffic.current, self.current
        self._traffic.current, self._path = engine, path
        self._later(old.close())

    def _drop_candidate(self) -> None:
        candidate, self._traffic.candidate = self._traffic.candidate, None
        self._traffic.drop_copies()
        if candidate is not None:
            self._later(candidate.engine.close())

    async def _tell_rollback(self, candidate: Candidate, order: Order, why: str = "") -> None:
        await self._history.tell(
            Action.ROLLED_BACK,
            candidate.trial.plan,
            actor=order.actor,
            note=order.note,
            share=candidate.share,
            shadow=candidate.share is None,
            order=order.id,
            why=why,
            comparison=candidate.comparison.state(),
        )

    async def _tell(
        self,
        action: Action,
        plan: PlanRef,
        order: Order,
        comparison: ComparisonState | None = None,
    ) -> None:
        await self._history.tell(
            action,
            plan,
            actor=order.actor,
            note=order.note,
            order=order.id,
            comparison=comparison,
        )

    async def _opened(self, plan: PlanRef, settings: EngineSettings) -> PlanEngine:
        """A started engine; ArtefactError where the folder is not the plan it should be."""
        engine = await PlanEngine.open(plan.path, settings)
        if plan.digest is not None and engine.plan.digest != plan.digest:
            await engine.close()
            raise ArtefactError(
                f"{plan.path}: another plan than before: its digest is {engine.plan.digest}, "
                f"expected {plan.digest}",
                hint="never change a plan folder; write the new plan elsewhere and deploy that",
            )
        try:
            await engine.start()
        except BaseException:
            await engine.close()
            raise
        return engine

    def _later(self, work: Coroutine[object, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _ref(plan: str | Path | PlanRef) -> PlanRef:
    return plan if isinstance(plan, PlanRef) else PlanRef(str(plan))
