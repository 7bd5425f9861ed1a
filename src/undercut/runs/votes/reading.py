"""A crowd's answers and the truth of some items, from any table whose columns can be told apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from undercut.core.errors import ConfigError, InputError
from undercut.core.tabular import Row, RowProblem, RowStream, open_rows

# fmt: off
ITEM_NAMES = (
    "item", "task", "question", "item_id", "task_id", "question_id", "hitid", "assignment:task_id",
    "unit", "unit_id", "example", "id", "题目", "任务", "问题", "编号", "样本",
)
WORKER_NAMES = (
    "worker", "annotator", "rater", "user", "worker_id", "workerid", "annotator_id", "rater_id",
    "user_id", "assignment:worker_id", "performer", "coder", "completed_by",
    "工人", "标注员", "标注者", "评分者", "用户",
)
ANSWER_NAMES = (
    "answer", "label", "response", "vote", "judgment", "judgement", "rating", "score", "choice",
    "value", "output:result", "output:label", "答案", "标签", "回答", "评分", "选择",
)
TRUTH_NAMES = (
    "truth", "gold", "gt", "correct", "true", "true_label", "ground_truth", *ANSWER_NAMES, "真值",
)
# fmt: on
_TOLD_PREFIXES = ("answer.", "output:")
# Numbers of more than this many kinds are no classes.
MOST_NUMBER_CLASSES = 20


@dataclass(frozen=True, slots=True)
class CrowdFile:
    """(item, worker, answer) in the order of the file, and what was left out.

    columns: what was read as item, worker and answer. empty: rows without an answer (nobody's
    vote). unreadable: records that are broken.
    """

    source: str
    columns: tuple[str, str, str]
    rows: tuple[tuple[str, str, str], ...]
    empty: int
    unreadable: int


def read_crowd(
    path: Path, *, item: str | None = None, worker: str | None = None, answer: str | None = None
) -> CrowdFile:
    """Read one answer a row; columns that are not stated are guessed by their usual names.

    Raises ConfigError listing the columns where that is unclear, InputError where an answer has
    no item or no worker, or nothing can be read.
    """
    stream = open_rows(path)
    item = item or _guess(stream, "item", ITEM_NAMES, but=(worker, answer))
    worker = worker or _guess(stream, "worker", WORKER_NAMES, but=(item, answer))
    answer = answer or _guess(stream, "answer", ANSWER_NAMES, but=(item, worker))
    columns = (item, worker, answer)
    if len(set(columns)) < len(columns):
        raise ConfigError(f"item, worker and answer must be three columns, got {columns}")
    rows: list[tuple[str, str, str]] = []
    empty = unreadable = 0
    first: RowProblem | None = None
    for record in stream.select(columns):
        if not isinstance(record, Row):
            unreadable += 1
            first = first or record
            continue
        cells = tuple(_plain(cell) for cell in record.values)
        if not cells[2]:
            empty += 1
        elif not cells[0] or not cells[1]:
            what = item if not cells[0] else worker
            raise InputError(
                f"an answer without {what!r}",
                file=str(path),
                line=record.line,
                hint="every answer needs its item and its worker; remove the row or complete it",
            )
        else:
            rows.append((cells[0], cells[1], cells[2]))
    if not rows:
        if first is not None:
            raise InputError(
                f"no row can be used; here {first.what}", file=str(path), line=first.line
            )
        raise InputError("the file holds no answers", file=str(path))
    return CrowdFile(str(path), columns, tuple(rows), empty, unreadable)


def read_truth(path: Path, *, item: str | None = None, truth: str | None = None) -> dict[str, str]:
    """Item → what is right. Raises InputError where an item has two different truths."""
    stream = open_rows(path)
    item = item or _guess(stream, "item", ITEM_NAMES, but=(truth,))
    truth = truth or _guess(stream, "truth", TRUTH_NAMES, but=(item,))
    found: dict[str, str] = {}
    for record in stream.select((item, truth)):
        if not isinstance(record, Row):
            continue
        name, right = (_plain(cell) for cell in record.values)
        if not right:
            continue
        if found.setdefault(name, right) != right:
            raise InputError(
                f"item {name!r} is {found[name]!r} and {right!r}",
                file=str(path),
                line=record.line,
                hint="keep one truth an item",
            )
    return found


def known_of(
    path: Path | None, item: str | None, column: str | None, crowd: CrowdFile
) -> dict[str, str]:
    """What is right by a file, none without one; InputError where it is of other items."""
    if path is None:
        return {}
    known = read_truth(path, item=item, truth=column)
    asked = {row[0] for row in crowd.rows}
    if not asked & known.keys():
        raise InputError(
            f"none of its {len(known)} items was answered in {crowd.source}",
            file=str(path),
            hint="both files must name items alike; check --item-column",
        )
    return known


def read_items(path: Path, *, item: str | None = None) -> tuple[str, ...]:
    """All items of a table, each once; InputError where a row has none."""
    stream = open_rows(path)
    column = item or _guess(stream, "item", ITEM_NAMES, but=())
    found: dict[str, None] = {}
    for record in stream.select((column,)):
        if not isinstance(record, Row):
            continue
        name = _plain(record.values[0])
        if not name:
            raise InputError(
                f"a row without {column!r}",
                file=str(path),
                line=record.line,
                hint="every task needs its name, as the answers call it",
            )
        found[name] = None
    if not found:
        raise InputError("the file holds no tasks", file=str(path))
    return tuple(found)


def looks_numeric(answers: Iterable[str]) -> bool:
    """Whether answers are quantities: all finite numbers, of more kinds than a scale has."""
    kinds = set(answers)
    return len(kinds) > MOST_NUMBER_CLASSES and all(as_number(kind) is not None for kind in kinds)


def as_number(answer: str) -> float | None:
    """The finite number an answer is, None where it is none."""
    try:
        value = float(answer)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _plain(cell: object) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # 3.0 of a Parquet file is the 3 of another
    return str(cell).strip()


def _guess(stream: RowStream, role: str, names: Sequence[str], *, but: Sequence[str | None]) -> str:
    free = [column for column in stream.columns if column not in but]
    lower = {column.strip().casefold(): column for column in free}
    # The best name wins; equally good ones are not told apart.
    for name in names:
        if name in lower:
            return lower[name]
    if role == "answer":
        told = [column for key, column in lower.items() if key.startswith(_TOLD_PREFIXES)]
        if len(told) == 1:
            return told[0]
    if role == "item":  # a Toloka export knows an item by its only input
        inputs = [column for key, column in lower.items() if key.startswith("input:")]
        if len(inputs) == 1:
            return inputs[0]
    raise ConfigError(
        f"{stream.source}: cannot tell which column holds the {role}; columns found: "
        f"{', '.join(stream.columns[:20])}",
        hint=f"name it with --{role}-column NAME",
    )
