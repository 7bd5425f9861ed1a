"""Where a joint budget chose edited copies: `augmented.csv`, rows to train on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from undercut.build.data.keys import loose_key
from undercut.build.data.labelled import COPIES_FILE
from undercut.core.tabular.writer import open_writer
from undercut.runs.labelling.augment_trial import COPY_WEIGHT, copies_of
from undercut.runs.labelling.result import Labelled

COLUMNS = ("id", "text", "label", "weight")


def write_copies(folder: Path, labels: Sequence[Labelled], *, wanted: bool, seed: int) -> int:
    """Write edited copies of the labelled texts; how many.

    The id is that of the text a copy is of: who trains takes copies of rows that train, and no
    others. Where none are wanted the file is taken away.
    """
    texts = [each.ask.text for each in labels]
    said = {loose_key(text) for text in texts}
    made = copies_of(texts, said, seed=seed) if wanted else []
    file = folder / COPIES_FILE
    if not made:
        file.unlink(missing_ok=True)
        return 0
    with open_writer(file, COLUMNS, types={"weight": "float64"}) as writer:
        for text, origin in made:
            of = labels[origin]
            writer.write((of.ask.item, text, of.label, COPY_WEIGHT))
    return len(made)
