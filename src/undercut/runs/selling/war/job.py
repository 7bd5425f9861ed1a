"""Simulates a war, and the same war under other suppositions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from undercut.runs.selling.war.facts import WarFacts, war_facts
from undercut.runs.selling.war.request import WarRequest
from undercut.sell.pricing.war.outcome import Outcome, outcome_of
from undercut.sell.pricing.war.scene import Policy, Scene
from undercut.sell.pricing.war.simulate import WarConfig, simulate

_SUPPOSED_PATHS = 2_000
_CUTS = (0.1, 0.25, 0.5, 0.75)
_CASH = (0.5, 2.0)


@dataclass(frozen=True, slots=True)
class Supposed:
    """The same war with one thing changed. kind: "cut", "cash" or "share"; value: what it is then.

    survival: of the best policy there.
    """

    kind: str
    value: float
    best: Policy
    gain: float
    survival: float


@dataclass(frozen=True, slots=True)
class Fought:
    """A war with its outcome. seconds: of the simulation."""

    facts: WarFacts
    config: WarConfig
    outcome: Outcome
    supposed: tuple[Supposed, ...]
    seconds: float


def fight_and_report(
    request: WarRequest, *, now: datetime, language: str, out: Path | None
) -> dict[str, Any]:
    """The report as JSON values; written to `out` as war.html and war.json where it is given.

    Raises what `war_facts` raises, ConfigError for another language, ArtefactError where `out`
    cannot be written.
    """
    from undercut.runs.selling.war.content import war_content
    from undercut.runs.selling.war.files import write_war

    content = war_content(fight(request), created=now, language=language)
    if out is not None:
        write_war(content, out, language)
    return content


def fight(request: WarRequest) -> Fought:
    """The whole of `undercut war` but for the report."""
    facts = war_facts(request)
    config = WarConfig(paths=request.paths, months=request.months, seed=request.seed)
    start = time.monotonic()
    with ThreadPoolExecutor(1) as beside:
        # small wars fill the core that waits while the other works on the last block of paths
        others = beside.submit(lambda: tuple(_suppose(facts.scene, config)))
        outcome = outcome_of(simulate(facts.scene, config, policies_of(facts.scene)))
        supposed = others.result()
    return Fought(facts, config, outcome, supposed, time.monotonic() - start)


def policies_of(scene: Scene) -> tuple[Policy, ...]:
    """All policies that can be had: without a version there is nothing to differentiate with."""
    return tuple(
        each for each in Policy if each is not Policy.DIFFERENTIATE or scene.own.version is not None
    )


def _suppose(scene: Scene, config: WarConfig) -> Iterator[Supposed]:
    small = replace(config, paths=min(_SUPPOSED_PATHS, config.paths), worlds=200)
    for cut in _CUTS:
        yield _with(replace(scene, cut=cut), small, "cut", cut)
    for factor in _CASH:
        cash = scene.own.cash * factor
        yield _with(replace(scene, own=replace(scene.own, cash=cash)), small, "cash", cash)


def _with(scene: Scene, config: WarConfig, kind: str, value: float) -> Supposed:
    outcome = outcome_of(simulate(scene, config, policies_of(scene)))
    best, after = outcome.of(outcome.best), outcome.of(outcome.next_best)
    return Supposed(kind, value, outcome.best, best.value - after.value, best.survival.value)
