"""Whose probabilities travel with a batch, so that both sides agree without saying it."""

from __future__ import annotations

from undercut.models.cascade import CascadeSpec


def models_sent(spec: CascadeSpec) -> list[tuple[str, ...]]:
    """For each stage the models of earlier stages that go with a batch, in order."""
    return [(), *(spec.kept_models(stage) for stage in range(len(spec.stages) - 1))]


def models_returned(spec: CascadeSpec) -> list[tuple[str, ...]]:
    """For each stage the models that it runs and a later one needs, in order."""
    return [
        tuple(name for name in spec.kept_models(stage) if name not in sent)
        for stage, sent in enumerate(models_sent(spec))
    ]
