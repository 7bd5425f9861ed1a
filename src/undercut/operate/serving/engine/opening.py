"""A plan folder on disk → what an engine needs of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from undercut.core.artefacts import verify_folder
from undercut.models.folder import ENCODER_KIND, model_kind
from undercut.models.plan import (
    PlanDescription,
    find_plan,
    load_plan,
    model_folder,
    read_description,
)
from undercut.models.threads import available_cores
from undercut.operate.serving.engine.lanes import Lanes
from undercut.operate.serving.engine.settings import EngineSettings, default_workers
from undercut.operate.serving.engine.thread_lanes import ThreadLanes
from undercut.operate.serving.engine.worker_lanes import WorkerLanes

MOST_SLOTS = 4


@dataclass(frozen=True, slots=True)
class OpenedPlan:
    """A checked plan and the lanes that will run it; models are in this process or in workers."""

    description: PlanDescription
    digest: str
    lanes: Lanes


def open_plan(folder: Path, settings: EngineSettings) -> OpenedPlan:
    """Check every hash; load the models where threads of this process answer.

    Raises ArtefactError where the folder is not a whole plan.
    """
    workers = workers_for(folder, settings)
    if workers:
        root = find_plan(folder)
        description = read_description(root)
        digest = verify_folder(root).digest
        lanes = WorkerLanes(
            root,
            digest,
            description,
            workers=workers,
            waiting_batches=settings.waiting_batches,
            stuck_seconds=settings.stuck_seconds,
            nice=settings.nice,
        )
        return OpenedPlan(description, digest, lanes)
    plan = load_plan(folder)
    slots = settings.slots or min(MOST_SLOTS, available_cores())
    return OpenedPlan(
        plan.description, plan.digest, ThreadLanes(plan, slots=slots, nice=settings.nice)
    )


def workers_for(folder: Path, settings: EngineSettings) -> int:
    """Worker processes for this plan: what the settings say, or by cores and first stage.

    Raises ArtefactError where the folder does not say what its models are.
    """
    if settings.workers is not None:
        return settings.workers
    root = find_plan(folder)
    description = read_description(root)
    first = description.cascade.added_models(0)
    kinds = [model_kind(model_folder(root, description, name)) for name in first]
    return default_workers(available_cores(), encoder_first=ENCODER_KIND in kinds)
