"""Run every stage once before the first request: memory is mapped, kernels are chosen."""

from __future__ import annotations

from collections.abc import Mapping

from undercut.core.dataset import FloatArray
from undercut.models.cascade import Cascade
from undercut.operate.serving.engine.stage_batch import StageBatch, run_batch

TEXTS = (
    "Where is my card? I ordered it two weeks ago and it has not come yet.",
    "Thanks!",
    "我的卡丢了，请帮我挂失。",
    "The payment was declined, although there is money on the account; please look into it.",
)
CHARACTERS = sum(map(len, TEXTS))
ROUNDS = 2


def warm_up(cascade: Cascade) -> list[float]:
    """Seconds that each stage took for the texts above, the last of two rounds."""
    seconds: list[float] = []
    for _ in range(ROUNDS):
        seconds = []
        known: Mapping[str, FloatArray] = {}
        for stage in range(len(cascade.spec.stages)):
            seconds.append(run_batch(cascade, StageBatch(stage, 1, TEXTS, known)).seconds)
            known = cascade.run_stage(stage, TEXTS, known).known
    return seconds
