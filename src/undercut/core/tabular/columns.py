"""Which column holds the text and which the label, guessed only where there is one answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from undercut.core.errors import ConfigError
from undercut.core.tabular.rows import Cell, Row, RowStream, list_columns, require_column

_SAMPLE_ROWS = 1_000
# fmt: off
_TEXT_NAMES = frozenset((
    "text", "sentence", "query", "utterance", "question", "content", "review", "message",
    "comment", "document", "body", "tweet",
    "文本", "内容", "评论", "句子", "文字", "问题", "正文", "留言", "评价", "文本内容", "评论内容",
))
_LABEL_NAMES = frozenset((
    "label", "intent", "category", "class", "sentiment", "target", "topic", "tag",
    "标签", "类别", "意图", "分类", "情感", "类目", "标注", "情感倾向",
))
# fmt: on


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns to read; label is None where none is needed and none was found."""

    text: str
    label: str | None


def guess_columns(
    rows: RowStream,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    require_label: bool = True,
) -> Columns:
    """Take the stated columns, else the one whose name says so, else the one whose content does.

    By name: `text` and `label` first, else exactly one of the other usual names, in English or
    Chinese, whatever the case. By content, over the first thousand rows: exactly one column of
    long, mostly different strings; exactly one of few, often repeated values.
    Raises ConfigError listing the columns found where that leaves none or several.
    """
    for stated in (text_column, label_column):
        if stated is not None:
            require_column(stated, rows.columns, source=rows.source)
    if text_column is not None and text_column == label_column:
        raise ConfigError(f"text and label column are both {text_column!r}; they must differ")
    sample = _sample(rows)
    text = text_column or _by_name(rows.columns, "text", _TEXT_NAMES, but=label_column)
    label = label_column or _by_name(rows.columns, "label", _LABEL_NAMES, but=text)
    if text is None:
        text = _by_content(rows, sample, _looks_like_text, but=label)
    if text is None:
        raise _unclear(rows, "text")
    if label is None:
        label = _by_content(rows, sample, _looks_like_label, but=text)
    if label is None and require_label:
        raise _unclear(rows, "label")
    return Columns(text=text, label=label)


def _sample(rows: RowStream) -> list[tuple[Cell, ...]]:
    return [record.values for record in islice(rows, _SAMPLE_ROWS) if isinstance(record, Row)]


def _by_name(
    columns: Sequence[str], usual: str, names: frozenset[str], *, but: str | None
) -> str | None:
    free = [column for column in columns if column != but]
    first = [column for column in free if column.strip().casefold() == usual]
    if len(first) == 1:
        return first[0]
    found = [column for column in free if column.strip().casefold() in names]
    return found[0] if len(found) == 1 else None


def _by_content(
    rows: RowStream,
    sample: list[tuple[Cell, ...]],
    fits: Callable[[list[Cell]], bool],
    *,
    but: str | None,
) -> str | None:
    found = [
        column
        for position, column in enumerate(rows.columns)
        if column != but and fits([values[position] for values in sample])
    ]
    return found[0] if len(found) == 1 else None


def _looks_like_text(cells: list[Cell]) -> bool:
    texts = [cell for cell in cells if isinstance(cell, str) and cell.strip()]
    if len(texts) < 0.9 * len(cells) or not texts:
        return False
    # A Chinese character says about as much as three letters.
    width = sum(sum(3 if ord(c) > 0x2E7F else 1 for c in text[:200]) for text in texts)
    return width / len(texts) >= 15 and len(set(texts)) > 0.5 * len(texts)


def _looks_like_label(cells: list[Cell]) -> bool:
    values = [cell for cell in cells if isinstance(cell, str | int) and str(cell).strip()]
    if len(values) < 0.9 * len(cells) or not values:
        return False
    distinct = {str(value) for value in values}
    return 2 <= len(distinct) <= max(2, len(values) // 4) and max(map(len, distinct)) <= 60


def _unclear(rows: RowStream, role: str) -> ConfigError:
    return ConfigError(
        f"{rows.source}: cannot tell which column holds the {role}; "
        f"columns found: {list_columns(rows.columns)}",
        hint=f"name it with --{role}-column NAME (the first line must hold the column names)",
    )
