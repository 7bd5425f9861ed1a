"""The texts to label, the classes and the gold labels, as the user's files have them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from undercut.build.labels.workers import Ask
from undercut.core.errors import ConfigError, InputError
from undercut.core.tabular.open import open_rows
from undercut.core.tabular.rows import RowProblem
from undercut.runs.labelling.config import LabelConfig

TEXT_NAMES = ("text", "sentence", "question", "title", "body", "content", "文本", "内容")
ID_NAMES = ("id", "item", "task")


def read_texts(config: LabelConfig) -> tuple[Ask, ...]:
    """The texts with their ids: of the id column, else the row numbers.

    Raises InputError for a file without usable texts, a bad row or an id that comes twice.
    """
    stream = open_rows(config.source)
    text = _column(stream.columns, config.text_column, TEXT_NAMES, config.source)
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
        item = str(row.values[1]) if id_column is not None else str(number)
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
    """Item -> label known beforehand, matched by id or by text."""
    if config.gold is None:
        return {}
    stream = open_rows(config.gold)
    label = _column(
        stream.columns, None, ("label", "truth", "intent", "class", "标签"), config.gold
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
    return gold


def find_classes(config: LabelConfig, gold: dict[str, str]) -> tuple[str, ...]:
    """The class names: as given, of the workers' file, or of the gold labels.

    Raises ConfigError where fewer than two can be found.
    """
    found = _given(config.classes) or _of_workers(Path(config.workers))
    found = found or tuple(sorted(set(gold.values())))
    if len(set(found)) < 2:
        raise ConfigError(
            f"at least two classes are needed, found {len(set(found))}",
            hint="--classes 'refund,invoice,other', --classes classes.txt, or `classes:` in"
            f" {config.workers}",
        )
    unknown = sorted(set(gold.values()) - set(found))
    if unknown:
        raise InputError(f"gold label {unknown[0]!r} is not among the classes", file=config.gold)
    return tuple(dict.fromkeys(found))


def _given(classes: Sequence[str]) -> tuple[str, ...]:
    if len(classes) == 1 and _is_file(classes[0]):
        lines = Path(classes[0]).read_text(encoding="utf-8-sig").splitlines()
        return tuple(line.strip() for line in lines if line.strip())
    return tuple(name.strip() for one in classes for name in one.split(",") if name.strip())


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:  # as many class names as no file name could hold
        return False


def _of_workers(path: Path) -> tuple[str, ...]:
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    classes = content.get("classes") if isinstance(content, dict) else None
    if isinstance(classes, dict | list):
        return tuple(str(name) for name in classes)
    return ()


def _column(columns: Sequence[str], given: str | None, names: Sequence[str], source: str) -> str:
    if given is not None:
        return given
    found = next((n for wanted in names for n in columns if n.lower() == wanted), None)
    if found is None and len(columns) == 1:
        found = columns[0]
    if found is None:
        raise InputError(
            f"none of the columns {', '.join(columns)} is named {', '.join(names[:4])} or alike",
            file=source,
            hint="--text-column NAME",
        )
    return found
