"""The labels under audit: a folder with labels.csv, or any table of texts and labels."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from undercut.build.data.labelled import LABELS_FILES, labelled_table
from undercut.build.labels.votes import Floats, IntArray
from undercut.core.errors import InputError
from undercut.core.tabular import Row, guess_columns, open_rows

PROBABILITY, SOURCE = "probability", "source"


@dataclass(frozen=True, slots=True)
class Labels:
    """Texts with labels, in the order of the file.

    file: that was read; digest: its sha256. records: (rows,) 1-based lines or record numbers.
    label: (rows,) class ids. probability: (rows,) of the label being right, None where the file
    says nothing; source: (rows,) who labelled, "" where unknown. without: rows without a label,
    which no certificate speaks of.
    """

    file: Path
    digest: str
    texts: tuple[str, ...]
    records: IntArray
    label: IntArray
    classes: tuple[str, ...]
    probability: Floats | None
    source: tuple[str, ...]
    without: int

    def __len__(self) -> int:
        return len(self.texts)

    def probabilities(self) -> Floats | None:
        """(rows, classes): what is left of a label's probability is spread over the others."""
        if self.probability is None:
            return None
        others = (1 - self.probability) / max(len(self.classes) - 1, 1)
        spread = np.repeat(others[:, None], len(self.classes), axis=1)
        spread[np.arange(len(self)), self.label] = self.probability
        return spread


def labels_file(path: Path) -> Path:
    """The table itself: of a folder its labels.csv. Raises InputError where there is none."""
    if not path.is_dir():
        if not path.exists():
            raise InputError("no such file", file=str(path), hint="check the path")
        return path
    found = labelled_table(path)
    if found is not None:
        return found
    raise InputError(
        f"the folder holds none of {', '.join(LABELS_FILES)}",
        file=str(path),
        hint="a folder of `undercut label`, or a table with texts and labels",
    )


def read_labels(
    path: Path, *, text_column: str | None = None, label_column: str | None = None
) -> Labels:
    """Read texts, labels and, where there are columns of these names, probability and source.

    Raises InputError for a probability outside [0, 1] and a file without labels.
    """
    file = labels_file(path)
    stream = open_rows(file)
    columns = guess_columns(stream, text_column=text_column, label_column=label_column)
    assert columns.label is not None
    asked = [columns.text, columns.label]
    asked += [
        name for name in (PROBABILITY, SOURCE) if name in stream.columns and name not in asked
    ]
    texts, records, names, chances, sources = [], [], [], [], []
    without = 0
    for record in stream.select(asked):
        if not isinstance(record, Row):
            without += 1
            continue
        cells = dict(zip(asked, record.values, strict=True))
        label = cells[columns.label]
        if label is None or not str(label).strip():
            without += 1
            continue
        texts.append("" if cells[columns.text] is None else str(cells[columns.text]))
        records.append(record.line)
        names.append(str(label).strip())
        chances.append(_chance(cells.get(PROBABILITY), file, record.line))
        sources.append(str(cells.get(SOURCE) or ""))
    if not texts:
        raise InputError("no row has a label", file=str(file))
    classes = tuple(sorted(set(names)))
    ids = {name: at for at, name in enumerate(classes)}
    probability = np.array(chances)
    return Labels(
        file=file,
        digest=_digest(file),
        texts=tuple(texts),
        records=np.array(records, dtype=np.int64),
        label=np.array([ids[name] for name in names], dtype=np.int64),
        classes=classes,
        # One unknown makes the column useless as a prediction for all rows.
        probability=None if np.isnan(probability).any() else probability,
        source=tuple(sources),
        without=without,
    )


def _chance(cell: object, file: Path, line: int) -> float:
    if cell is None or cell == "":
        return math.nan
    try:
        value = float(str(cell))
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise InputError(
            f"{PROBABILITY} must lie in [0, 1], got {cell!r}", file=str(file), line=line
        )
    return value


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
