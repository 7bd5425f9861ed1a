"""What is known of the classes before anybody answers: descriptions, labelled examples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from undercut.core.errors import InputError
from undercut.core.tabular import RowProblem, guess_columns, open_rows
from undercut.runs.labelling.settings import Settings


def descriptions_from(
    settings: Settings, classes: Sequence[str], *, all_classes: bool = True
) -> dict[str, tuple[str, ...]]:
    """Descriptions by class; a class without one is described by its name, spelt in words.

    Raises ConfigError for a description of what is no class.
    """
    part = settings.part("descriptions")
    given: dict[str, tuple[str, ...]] = {}
    for name in part.names() if part is not None else ():
        assert part is not None
        if name not in classes:
            raise part.error(f"{name!r} is not among the classes: {', '.join(classes)}", name=name)
        texts = tuple(text for text in part.texts(name) if text.strip())
        if not texts:
            raise part.error(f"{name} has no description", name=name)
        given[name] = texts
    spelt = {name: (name.replace("_", " ").replace("-", " "),) for name in classes}
    return {**(spelt if all_classes else {}), **given}


def examples_from(
    settings: Settings, known: Sequence[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """Those of the job, and those of the file that the worker names."""
    path = settings.path("examples")
    return (*known, *(read_examples(path) if path is not None else ()))


def read_examples(path: Path) -> list[tuple[str, str]]:
    """(text, label) from any table, rows without a label left out.

    Raises InputError for a row that cannot be read.
    """
    stream = open_rows(path)
    columns = guess_columns(stream)
    pairs = []
    for row in stream.select([columns.text, columns.label or ""]):
        if isinstance(row, RowProblem):
            raise InputError(row.what, file=str(path), line=row.line)
        text, label = row.values
        if text and label not in (None, ""):
            pairs.append((str(text), str(label)))
    return pairs
