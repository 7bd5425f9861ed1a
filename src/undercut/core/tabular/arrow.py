"""What Parquet files and saved `datasets` folders share: Arrow batches turned into rows."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, TypeAlias

from undercut.core.errors import InputError, MissingExtraError
from undercut.core.tabular.rows import Cell, Limits, Row, RowProblem

BATCH_ROWS = 1_024
ClassNames: TypeAlias = dict[str, tuple[str, ...]]


def import_pyarrow(module: str = "pyarrow") -> Any:
    """pyarrow or a part of it; raises MissingExtraError where it is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "pyarrow", "parquet", "reading or writing Parquet and saved data sets"
        ) from error


def rows_of(
    batches: Iterator[Any],
    names: list[str],
    class_names: ClassNames,
    *,
    source: str,
    limits: Limits,
) -> Iterator[Row | RowProblem]:
    """The named columns of each batch as rows, numbered from 1.

    Raises InputError for a cell beyond the limits; a bad string or class id is a problem.
    """
    first = 1
    labels = [class_names.get(name) for name in names]
    for batch in batches:
        columns = [batch.column(batch.schema.get_field_index(name)) for name in names]
        for name, column in zip(names, columns, strict=True):
            _refuse_long(column, name, first=first, source=source, limits=limits)
        try:
            lists = [column.to_pylist() for column in columns]
        except UnicodeDecodeError:
            yield from _one_by_one(columns, labels, first=first)
        else:
            for offset, values in enumerate(zip(*lists, strict=True)):
                yield _named(first + offset, values, labels)
        first += batch.num_rows


def _refuse_long(column: Any, name: str, *, first: int, source: str, limits: Limits) -> None:
    if column.nbytes <= limits.record_characters:
        return
    for offset, cell in enumerate(column):
        value = cell.as_py()
        if isinstance(value, str | bytes) and len(value) > limits.record_characters:
            raise InputError(
                f"the cell in column {name!r} is longer than {limits.record_characters} characters",
                file=source,
                line=first + offset,
            )


def _one_by_one(
    columns: list[Any], labels: list[tuple[str, ...] | None], *, first: int
) -> Iterator[Row | RowProblem]:
    for offset in range(len(columns[0])):
        try:
            values = tuple(column[offset].as_py() for column in columns)
        except UnicodeDecodeError:
            yield RowProblem(first + offset, "holds a string that is not valid UTF-8")
        else:
            yield _named(first + offset, values, labels)


def _named(
    line: int, values: tuple[Cell, ...], labels: list[tuple[str, ...] | None]
) -> Row | RowProblem:
    """Class ids replaced by their names; -1 is how `datasets` writes an unknown class."""
    for value in values:
        if isinstance(value, str) and "\0" in value:
            return RowProblem(line, "holds a NUL character")
    if not any(labels):
        return Row(line, values)
    cells = list(values)
    for position, names in enumerate(labels):
        value = cells[position]
        if names is None or not isinstance(value, int):
            continue
        if value >= len(names) or value < -1:
            return RowProblem(line, f"class id {value} has no name (there are {len(names)})")
        cells[position] = None if value == -1 else names[value]
    return Row(line, tuple(cells))


def class_names_of(features: object) -> ClassNames:
    """The ClassLabel columns in the `features` that the datasets library writes."""
    if not isinstance(features, dict):
        return {}
    return {
        str(name): tuple(map(str, feature["names"]))
        for name, feature in features.items()
        if isinstance(feature, dict)
        and feature.get("_type") == "ClassLabel"
        and isinstance(feature.get("names"), list)
    }


def named_schema(schema: Any, class_names: ClassNames) -> Any:
    """The schema of the rows as yielded: classes are strings, not ids."""
    pyarrow = import_pyarrow()
    return pyarrow.schema(
        [(f.name, pyarrow.string() if f.name in class_names else f.type) for f in schema]
    )


def unreadable(error: Exception, expected: str, source: str) -> InputError:
    """The InputError for a file that pyarrow refuses."""
    return InputError(
        f"cannot be read as {expected}: {error}", file=source, hint="write or copy it again"
    )
