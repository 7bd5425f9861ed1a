"""What a run makes: which models, how long they train, by effort and by the texts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from undercut.core.dataset import Dataset
from undercut.neural.encoder import MINILM, USE
from undercut.neural.fit import FitConfig
from undercut.runs.config import Effort, RunConfig
from undercut.runs.steps.data import RunData

# Frozen and trained shares, rates and epochs were chosen on the tune split of BANKING77.
TRANSFORMER_FIT = FitConfig(epochs=4, frozen_share=0.5, learning_rate=3e-4)
USE_FIT = FitConfig(
    epochs=4, frozen_share=0.0, learning_rate=5e-4, head_learning_rate=5e-3, batch_rows=64
)
THIN_FIT = FitConfig(epochs=2, frozen_share=0.5, learning_rate=4e-4, label_smoothing=0.0)

EPOCH_FACTOR: dict[Effort, float] = {"quick": 0.5, "normal": 1.0, "thorough": 2.0}
# Texts seen in training at most, all epochs together: what two cores do in some hours.
MOST_PASSES: dict[Effort, int] = {"quick": 60_000, "normal": 400_000, "thorough": 4_000_000}
MOST_TOKENS: dict[Effort, int] = {"quick": 128, "normal": 256, "thorough": 512}
THIN_LAYERS: dict[Effort, tuple[int, ...]] = {"quick": (), "normal": (2,), "thorough": (1, 3)}
# Floating-point operations of teaching by pairs at most, all folds together. One core of an AMD
# Zen 4 does about 1e11 a second: a normal run teaches for some four minutes at most.
PAIR_OPERATIONS: dict[Effort, float] = {"quick": 5e12, "normal": 2.5e13, "thorough": 2.5e14}


@dataclass(frozen=True, slots=True)
class Recipe:
    """The models of one run.

    encoder: the teacher's; side_encoder: a cheaper one that is trained beside it, None where the
    teacher's is that one already; thin_layers: layer counts of thinner copies of the teacher's.
    rows: training rows used (all but of very large files); max_tokens: longest input.
    """

    encoder: str
    side_encoder: str | None
    thin_layers: tuple[int, ...]
    rows: int
    max_tokens: int
    effort: Effort
    seed: int

    @property
    def pair_operations(self) -> float:
        """Most that teaching by pairs of few labelled texts may take, all trainings together."""
        return PAIR_OPERATIONS[self.effort]

    def fit(self, base: FitConfig) -> FitConfig:
        """A training config with this run's effort and size."""
        wanted = max(1, round(base.epochs * EPOCH_FACTOR[self.effort]))
        affordable = max(1, MOST_PASSES[self.effort] // max(1, self.rows))
        return replace(base, epochs=min(wanted, affordable), seed=self.seed)


def choose_recipe(config: RunConfig, data: RunData) -> Recipe:
    """English gets MiniLM, everything else the multilingual encoder, unless the user says."""
    encoder = config.encoder or (MINILM if data.script == "latin" and data.english else USE)
    return Recipe(
        encoder=encoder,
        side_encoder=None if encoder == USE else USE,
        thin_layers=() if encoder == USE else THIN_LAYERS[config.effort],
        rows=min(len(data.train), MOST_PASSES[config.effort]),
        max_tokens=MOST_TOKENS[config.effort],
        effort=config.effort,
        seed=config.seed,
    )


def training_rows(data: Dataset, recipe: Recipe) -> Dataset:
    """The rows that train: all, or a seeded sample of a very large file."""
    if recipe.rows >= len(data):
        return data
    import numpy as np

    chosen = np.random.default_rng(recipe.seed).permutation(len(data))[: recipe.rows]
    return data.take(np.sort(chosen))
