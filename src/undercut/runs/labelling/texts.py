"""The texts to label and the gold labels, as the user's files have them."""

from __future__ import annotations

from collections.abc import Sequence

from undercut.build.labels.workers import Ask
from undercut.core.errors import InputError
from undercut.core.tabular.open import open_rows
from undercut.core.tabular.rows import RowProblem
from undercut.runs.labelling.config import LabelConfig

TEXT_NAMES = ("text", "sentence", "question", "title", "body", "content", "文本", "内容")
ID_NAMES = ("id", "item", "task")
LABEL_NAMES = ("label", "truth", "intent", "class", "标签")


def read_texts(config: LabelConfig) -> tuple[Ask, ...]:
    """The texts with their ids: of the id column, else the row numbers.

    Raises InputError for a file without usable texts, a bad row, an id that is missing or twice.
    """
    stream = open_rows(config.source)
    text = _text_column(stream.columns, config)
    names = [text]
    id_column = config.id_column or next((n for n in stream.columns if n.lower() in ID_NAMES), None)
    if id_column is not None:
        names.append(id_column)
    asks: list[Ask] = []
    seen: set[str] = set()
    for number, row in enumerate(stream.select(names)):
        if isinstance(row, RowProblem):
            raise InputError(row.what, file=config.source, line=row.line)
        value = str(row.values[0] or "").strip()
        item = str(number)
        if id_column is not None:
            item = "" if row.values[1] is None else str(row.values[1]).strip()
            if value and not item:
                raise InputError(
                    f"no id in the column {id_column!r}",
                    file=config.source,
                    line=row.line,
                    hint="an id in every row, or --id-column NAME of another column",
                )
        if item in seen:
            raise InputError(
                f"the id {item!r} comes twice",
                file=config.source,
                line=row.line,
                hint="--id-column NAME of a column whose values differ",
            )
        seen.add(item)
        if value:
            asks.append(Ask(item, value))
    if not asks:
        raise InputError("no texts found", file=config.source)
    return tuple(asks)


def read_gold(config: LabelConfig, items: Sequence[Ask]) -> dict[str, str]:
    """Item -> label known beforehand, matched by id or by text.

    Raises InputError for a bad row, and for a file that says nothing of any of these texts.
    """
    if config.gold is None:
        return {}
    stream = open_rows(config.gold)
    label = _named(stream.columns, LABEL_NAMES)
    if label is None:
        raise InputError(
            f"no column with labels; columns found: {', '.join(stream.columns)}",
            file=config.gold,
            hint=f"name it {', '.join(LABEL_NAMES)}",
        )
    key = next(
        (n for n in stream.columns if n.lower() in (*ID_NAMES, *TEXT_NAMES) and n != label), None
    )
    if key is None:
        raise InputError("no column with ids or texts", file=config.gold, hint="name it id or text")
    by_text = key.lower() in TEXT_NAMES
    place = {(ask.text if by_text else ask.item): ask.item for ask in items}
    gold: dict[str, str] = {}
    for row in stream.select([key, label]):
        if isinstance(row, RowProblem):
            raise InputError(row.what, file=config.gold, line=row.line)
        name = str(row.values[0] or "").strip()
        if name in place and row.values[1] not in (None, ""):
            gold[place[name]] = str(row.values[1])
    if not gold:
        raise InputError(
            f"no row has a label and {'a text' if by_text else 'an id'} of {config.source}"
            f" (matched by the column {key!r})",
            file=config.gold,
            hint="texts as they stand there, or ids of its id column; row numbers, from 0, are"
            " the ids of a table without one",
        )
    return gold


def _named(columns: Sequence[str], names: Sequence[str]) -> str | None:
    return next((n for wanted in names for n in columns if n.lower() == wanted), None)


def _text_column(columns: Sequence[str], config: LabelConfig) -> str:
    if config.text_column is not None:
        return config.text_column
    found = _named(columns, TEXT_NAMES)
    if found is None and len(columns) == 1 and not _named(columns, (*ID_NAMES, *LABEL_NAMES)):
        found = columns[0]
    if found is None:
        raise InputError(
            f"cannot tell which column holds the texts; columns found: {', '.join(columns)}",
            file=config.source,
            hint=f"--text-column NAME, or name it {', '.join(TEXT_NAMES[:4])} (the first line must"
            " hold the column names)",
        )
    return found
