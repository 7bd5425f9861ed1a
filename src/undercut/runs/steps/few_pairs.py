"""Few labels: the encoder taught by pairs of texts, as far as known work and one fold allow.

Teaching costs a training a fold and one on all rows, so it is bounded before it starts, and it
goes on only where the first fold's held-out texts are answered better than by the encoder as it
comes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from undercut.core.dataset import IntArray
from undercut.runs.arrays import load_arrays, save_arrays
from undercut.runs.recipe import Recipe
from undercut.runs.stages import Made, Stages
from undercut.runs.steps.candidate import Candidate, facts_of
from undercut.runs.steps.candidates import prepare, store
from undercut.runs.steps.few_encoders import fold_of, keep, known_of, learnt
from undercut.runs.steps.few_rows import FOLDS, HELD_OUT, FewRows, with_names

if TYPE_CHECKING:
    from torch import Tensor

    from undercut.neural.classifier import Classifier
    from undercut.neural.contrastive import ContrastiveConfig

VECTORS = "vectors.safetensors"
# All folds and the last training see each row so often as so many trainings on all rows.
TRAININGS = FOLDS
# With less than this, texts are seen too seldom to learn from.
FEWEST_PASSES = 2.0


def pairs_candidate(
    stages: Stages, data: Made, few: FewRows, recipe: Recipe, frozen: Candidate
) -> Candidate | None:
    """The encoder taught by pairs and a linear head; None where the first fold speaks against it.

    frozen: the same encoder as it comes, to be better than.
    """
    trial = _trial(stages, data, few, recipe, frozen)
    found = facts_of(trial)
    if not found["pays"]:
        return None
    config = replace(_config(recipe), passes=found["passes"])
    name = f"{Path(recipe.encoder).name}-pairs"

    def build(folder: Path) -> None:
        import torch

        from undercut.neural.few_head import choose_head, set_head

        first = torch.from_numpy(load_arrays(trial.path / VECTORS)["vectors"])
        parts = [fold_of(few, known_of(few, first), 0)]
        for fold in range(1, FOLDS):
            _, vectors, _ = _taught(few, few.train(fold), recipe, config, _share(stages, fold))
            parts.append(fold_of(few, known_of(few, vectors.cpu()), fold))
        head = choose_head(parts, len(few.rows.classes))
        classifier, vectors, limit = _taught(
            few, np.arange(len(few.rows)), recipe, config, _share(stages, FOLDS)
        )
        set_head(classifier, known_of(few, vectors), head)
        keep(folder, head.probabilities[: few.judged])
        store(folder, classifier, few.rows, limit, learnt(head) | {"passes": config.passes})

    made = stages.run(
        f"few-{name}",
        f"teach {Path(recipe.encoder).name} by pairs",
        build,
        version="2",
        config=[recipe.encoder, asdict(config), recipe.max_tokens, FOLDS],
        inputs={"trial": trial},
    )
    return Candidate(name, "transformer", made, facts_of(made))


def _trial(stages: Stages, data: Made, few: FewRows, recipe: Recipe, frozen: Candidate) -> Made:
    """Teach on all folds but the first, and compare what is then said of the first.

    Leaves facts.json (passes, pays, the log-losses) and the vectors of all rows and names.
    """
    config = _config(recipe)

    def build(folder: Path) -> None:
        from undercut.neural.few_head import choose_head

        passes = _affordable(few, recipe, config)
        facts: dict[str, object] = {"passes": passes, "pays": False}
        if passes >= FEWEST_PASSES:
            _, vectors, _ = _taught(
                few,
                few.train(0),
                recipe,
                replace(config, passes=passes),
                lambda done: stages.tick(done, "first fold"),
            )
            fold = fold_of(few, known_of(few, vectors), 0)
            taught = choose_head([fold], len(few.rows.classes)).loss
            before = _loss(frozen, few.rows.labels, few.held(0))
            facts |= {"pays": taught < before, "taught_loss": taught, "frozen_loss": before}
            save_arrays(folder / VECTORS, {"vectors": vectors.cpu().numpy()})
        (folder / "facts.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")

    return stages.run(
        f"few-{Path(recipe.encoder).name}-trial",
        f"try teaching {Path(recipe.encoder).name} by pairs on one fold",
        build,
        version="1",
        config=[recipe.encoder, asdict(config), recipe.pair_operations, recipe.max_tokens, FOLDS],
        inputs={"data": data, "frozen": frozen.made},
    )


def _config(recipe: Recipe) -> ContrastiveConfig:
    from undercut.neural.contrastive import ContrastiveConfig

    return ContrastiveConfig(seed=recipe.seed)


def _affordable(few: FewRows, recipe: Recipe, config: ContrastiveConfig) -> float:
    """Passes over the rows that the effort's operations allow, at most the config's."""
    from undercut.neural.contrastive import operations_per_pass

    classifier, tokens, _ = prepare(few.rows, few.rows.take([]), recipe, recipe.encoder, None)
    each = operations_per_pass(classifier.encoder, tokens[0], config)
    return round(min(config.passes, recipe.pair_operations / (TRAININGS * each)), 2)


def _taught(
    few: FewRows,
    train: IntArray,
    recipe: Recipe,
    config: ContrastiveConfig,
    ticker: Callable[[float], None],
) -> tuple[Classifier, Tensor, int]:
    """A fresh classifier whose encoder was taught on these rows and the classes' names, and its
    vectors of all rows and names."""
    from undercut.neural.contrastive import fit_contrastive
    from undercut.neural.encoder import encode

    named = with_names(few.rows)
    classifier, tokens, limit = prepare(named, named.take([]), recipe, recipe.encoder, None)
    used = np.concatenate([train, np.arange(len(few.rows), len(named))])
    fit_contrastive(
        classifier.encoder, tokens[0].take(used), named.labels[used], config, report=ticker
    )
    return classifier, encode(classifier.encoder, tokens[0]), limit


def _loss(candidate: Candidate, labels: IntArray, rows: IntArray) -> float:
    """Mean log-loss of what was said of held-out rows."""
    said = load_arrays(candidate.made.path / HELD_OUT)["probabilities"]
    return float(-np.log(np.maximum(said[rows, labels[rows]], 1e-12)).mean())


def _share(stages: Stages, fold: int) -> Callable[[float], None]:
    def report(done: float) -> None:
        stages.tick((fold + done) / (FOLDS + 1), "pairs" if fold == FOLDS else "cross-validation")

    return report
