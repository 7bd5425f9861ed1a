"""What every candidate says of the tune, certify and test rows, through the code that serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from undercut.core.dataset import FloatArray
from undercut.models.folder import load_model
from undercut.models.threads import available_cores
from undercut.runs.arrays import load_arrays, save_arrays
from undercut.runs.stages import Made, Stages
from undercut.runs.steps.candidate import Candidate
from undercut.runs.steps.data import RunData
from undercut.runs.steps.few_labels import held_out

FOLDED = ("tune", "certify")


@dataclass(frozen=True, slots=True)
class Predictions:
    """Probabilities: candidate → part ("tune", "certify", "test") → (rows, classes)."""

    made: dict[str, Made]
    arrays: dict[str, dict[str, FloatArray]]

    def of(self, part: str) -> dict[str, FloatArray]:
        """Every candidate's probabilities for one part."""
        return {name: parts[part] for name, parts in self.arrays.items()}


def make_predictions(
    stages: Stages, data_made: Made, data: RunData, candidates: Sequence[Candidate]
) -> Predictions:
    """One stage a candidate, so that a new candidate does not run the old ones again."""
    made: dict[str, Made] = {}
    arrays: dict[str, dict[str, FloatArray]] = {}
    for candidate in candidates:

        def build(folder: Path, candidate: Candidate = candidate) -> None:
            model = load_model(candidate.folder)
            threads = available_cores()
            parts = {
                name: model.predict_proba(part.texts, threads=threads)
                for name, part in data.parts().items()
                if not (data.few and name in FOLDED)
            }
            if data.few:
                # The rows train: what counts is what was said of each without it.
                parts |= dict.fromkeys(FOLDED, held_out(candidate))
            save_arrays(folder / "probabilities.safetensors", parts)

        result = stages.run(
            f"predict-{candidate.name}",
            f"answer held-out texts with {candidate.name}",
            build,
            version="1",
            inputs={"data": data_made, "model": candidate.made},
        )
        made[candidate.name] = result
        arrays[candidate.name] = load_arrays(result.path / "probabilities.safetensors")
    return Predictions(made, arrays)
