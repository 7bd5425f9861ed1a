"""Merge a crowd's file by one method or all, and say what is known of items and workers."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from undercut.build.labels.merging.merge import DEFAULT, METHODS
from undercut.build.labels.merging.numeric import NUMERIC_DEFAULT, NUMERIC_METHODS
from undercut.core.errors import ConfigError
from undercut.runs.votes.categorical import merge_classes
from undercut.runs.votes.quantities import merge_quantities
from undercut.runs.votes.reading import known_of, looks_numeric, read_crowd
from undercut.runs.votes.report import VotesReport

ALL = "all"


class Answers(StrEnum):
    """What answers are: classes, or quantities; told by the answers where AUTO."""

    AUTO = "auto"
    CLASSES = "classes"
    NUMBERS = "numbers"


def aggregate(
    path: Path,
    *,
    method: str | None = None,
    truth: Path | None = None,
    gold: Path | None = None,
    answers: Answers = Answers.AUTO,
    item_column: str | None = None,
    worker_column: str | None = None,
    answer_column: str | None = None,
    truth_column: str | None = None,
    discount_copies: bool = True,
) -> VotesReport:
    """Merge the answers of one file.

    method: a name, 'all', or the default of the kind of answers where None. truth: judges only;
    gold: teaches who is right, and is judged nowhere. Raises ConfigError for a method that does
    not exist, InputError for a file that cannot be used.
    """
    crowd = read_crowd(path, item=item_column, worker=worker_column, answer=answer_column)
    known = known_of(truth, item_column, truth_column, crowd)
    taught = known_of(gold, item_column, truth_column, crowd)
    numbers = answers is Answers.NUMBERS or (
        answers is Answers.AUTO and looks_numeric(row[2] for row in crowd.rows)
    )
    names = _methods(method, NUMERIC_METHODS if numbers else METHODS, numbers=numbers)
    default = NUMERIC_DEFAULT if numbers else DEFAULT
    chosen = default if default in names else names[0]
    if numbers:
        if taught:
            raise ConfigError("--gold needs answers that are classes; these are numbers")
        return merge_quantities(crowd, names, chosen, truth=known)
    return merge_classes(
        crowd, names, chosen, truth=known, gold=taught, discount_copies=discount_copies
    )


def _methods(asked: str | None, methods: Mapping[str, object], *, numbers: bool) -> tuple[str, ...]:
    if asked == ALL:
        return tuple(methods)
    if asked is None:
        return (NUMERIC_DEFAULT if numbers else DEFAULT,)
    if asked not in methods:
        kind = "numbers" if numbers else "classes"
        raise ConfigError(
            f"--method {asked} does not exist for answers that are {kind}",
            hint=f"{ALL}, {', '.join(methods)}",
        )
    return (asked,)
