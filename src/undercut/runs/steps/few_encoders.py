"""Few labels: a linear head on an encoder as it comes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from undercut.core.dataset import FloatArray
from undercut.runs.arrays import save_arrays
from undercut.runs.recipe import Recipe
from undercut.runs.stages import Made, Stages
from undercut.runs.steps.candidate import Candidate, facts_of
from undercut.runs.steps.candidates import prepare, store
from undercut.runs.steps.few_rows import FOLDS, HELD_OUT, FewRows, with_names

if TYPE_CHECKING:
    from torch import Tensor

    from undercut.neural.few_head import Fold, FoldedHead, Known


def frozen_candidate(
    stages: Stages, data: Made, few: FewRows, recipe: Recipe, encoder: str
) -> Candidate:
    """A linear head on vectors that are computed once and serve every fold and penalty."""
    name = f"{Path(encoder).name}-frozen"

    def build(folder: Path) -> None:
        from undercut.neural.encoder import encode
        from undercut.neural.few_head import choose_head, set_head

        named = with_names(few.rows)
        classifier, tokens, limit = prepare(named, named.take([]), recipe, encoder, None)
        classifier.eval()
        known = known_of(few, encode(classifier.encoder, tokens[0]))
        head = choose_head(
            [fold_of(few, known, fold) for fold in range(FOLDS)], len(few.rows.classes)
        )
        set_head(classifier, known, head)
        keep(folder, head.probabilities[: few.judged])
        store(folder, classifier, few.rows, limit, learnt(head))

    made = stages.run(
        f"few-{name}",
        f"train a linear head on {Path(encoder).name}",
        build,
        version="2",
        config=[encoder, recipe.max_tokens, FOLDS, recipe.seed],
        inputs={"data": data},
    )
    return Candidate(name, "frozen", made, facts_of(made))


def known_of(few: FewRows, vectors: Tensor) -> Known:
    """What a head learns from; vectors: of the rows, then of the classes' names."""
    from undercut.neural.few_head import Known

    rows = len(few.rows)
    return Known(vectors[:rows], few.rows.labels, vectors[rows:], few.rows.weights)


def fold_of(few: FewRows, known: Known, fold: int) -> Fold:
    """One fold, by an encoder that saw none of its labels."""
    from undercut.neural.few_head import Fold

    return Fold(few.train(fold), few.held(fold), known)


def keep(folder: Path, said: FloatArray) -> None:
    """Store what was said of each judged row by a model that did not see it."""
    save_arrays(folder / HELD_OUT, {"probabilities": said})


def learnt(head: FoldedHead) -> dict[str, object]:
    """What the model card tells of the head."""
    return {
        "penalty": head.penalty,
        "name_weight": head.name_weight,
        "fold_accuracy": list(head.accuracy),
    }
