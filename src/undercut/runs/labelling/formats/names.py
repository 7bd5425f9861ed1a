"""What crowd files call the item, the person and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_ITEMS = ("item", "task", "task_id", "question", "item_id", "question_id", "id", "题目", "编号")
_WORKERS = (
    "worker", "worker_id", "annotator", "annotator_id", "performer", "user", "rater", "coder",
    "标注员",
)  # fmt: skip
_LABELS = (
    "label",
    "answer",
    "response",
    "vote",
    "annotation",
    "category",
    "choice",
    "标签",
    "答案",
)
_TEXTS = ("text", "sentence", "content", "utterance", "文本", "内容")


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column holds what; ours where a table has none for it."""

    item: str = "task"
    text: str = "text"
    worker: str = "worker"
    label: str = "label"

    @classmethod
    def of(cls, columns: Sequence[str]) -> Roles:
        """The roles in these columns."""
        return cls(
            item=item_name(columns) or "task",
            text=text_name(columns) or "text",
            worker=worker_name(columns) or "worker",
            label=label_name(columns) or "label",
        )


def item_name(columns: Sequence[str]) -> str | None:
    """The column that names the item, the usual names in order; None where there is none."""
    return _first(columns, _ITEMS)


def worker_name(columns: Sequence[str]) -> str | None:
    """The column that names the person."""
    return _first(columns, _WORKERS)


def label_name(columns: Sequence[str]) -> str | None:
    """The column with the answer."""
    return _first(columns, _LABELS)


def text_name(columns: Sequence[str]) -> str | None:
    """The column with the text."""
    return _first(columns, _TEXTS)


def _first(columns: Sequence[str], usual: Sequence[str]) -> str | None:
    found = {column.strip().casefold(): column for column in reversed(columns)}
    return next((found[name] for name in usual if name in found), None)
