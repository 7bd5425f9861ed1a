"""JSON Lines: one object a line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from undercut.core.errors import InputError
from undercut.core.tabular.encoding import TextInfo, examine_text
from undercut.core.tabular.rows import Cell, Limits, Row, RowProblem, checked_columns
from undercut.core.tabular.source import open_bytes

_HEADER_RECORDS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonlReader:
    """One JSON Lines file; its columns are the keys of its first thousand objects, in order."""

    path: Path
    source: str
    text: TextInfo
    columns: tuple[str, ...]
    limits: Limits
    arrow_schema: None = None

    @property
    def encoding(self) -> str:
        return self.text.encoding

    @property
    def rows_at_most(self) -> int:
        return self.text.lines + 1

    def rows(self, positions: tuple[int, ...]) -> Iterator[Row | RowProblem]:
        """The cells at `positions`, None where the object lacks the key.

        Where all columns are asked for, an object with a key that is no column is a problem:
        passing it on without that cell would lose data unseen.
        """
        names = [self.columns[p] for p in positions]
        known = frozenset(self.columns)
        everything = len(names) == len(known)
        for record in _objects(self.path, self.text, source=self.source, limits=self.limits):
            if isinstance(record, RowProblem):
                yield record
                continue
            line, cells = record
            if everything and len(cells) > 0 and not (cells.keys() <= known):
                extra = sorted(cells.keys() - known)[0]
                yield RowProblem(line, f"key {extra[:40]!r} is in none of the first records")
                continue
            yield Row(line, tuple([cells.get(name) for name in names]))


def open_jsonl(path: Path, *, source: str, encoding: str | None, limits: Limits) -> JsonlReader:
    """Settle encoding and columns. Raises InputError where no line holds an object."""
    text = examine_text(lambda: open_bytes(path, limits=limits), source=source, encoding=encoding)
    records = list(islice(_objects(path, text, source=source, limits=limits), _HEADER_RECORDS))
    names: dict[str, None] = {}
    for record in records:
        if not isinstance(record, RowProblem):
            names.update(dict.fromkeys(record[1]))
            if len(names) > limits.columns:
                break  # told below; the rest would only add to them
    if not names:
        problem = next((r for r in records if isinstance(r, RowProblem)), None)
        raise InputError(
            "no line holds a JSON object" + (f": {problem.what}" if problem else ""),
            file=source,
            line=problem.line if problem else None,
            hint='write one object a line, e.g. {"text": "...", "label": "..."}',
        )
    columns = checked_columns(list(names), source=source, most=limits.columns)
    return JsonlReader(path=path, source=source, text=text, columns=columns, limits=limits)


def _objects(
    path: Path, text: TextInfo, *, source: str, limits: Limits
) -> Iterator[tuple[int, dict[str, Cell]] | RowProblem]:
    most = limits.record_characters
    binary = open_bytes(path, limits=limits)
    # Only "\n" ends a line: a lone "\r" is white space inside an object.
    with io.TextIOWrapper(binary, encoding=text.encoding, newline="\n") as stream:
        number = 0
        while line := stream.readline(most + 1):
            number += 1
            if len(line) > most:
                raise InputError(
                    f"a line longer than {most} characters",
                    file=source,
                    line=number,
                    hint="check that the file holds one object a line",
                )
            if line.isspace():
                continue
            record = _parse(line)
            yield RowProblem(number, record) if isinstance(record, str) else (number, record)


def _parse(line: str) -> dict[str, Cell] | str:
    """The object, or what is wrong with the line."""
    try:
        value = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return f"not valid JSON: {error}"
    if not isinstance(value, dict):
        return f"a JSON {_json_type(value)}, expected an object"
    if "\\" in line:  # only escapes can bring these in
        if "\\u0000" in line and "\0" in _written(value):
            return "holds a NUL character"
        if "\\ud" in line.lower() and not _encodable(value):
            return "holds half of a surrogate pair, which is no character"
    elif "\0" in line:
        return "holds a NUL character"
    return value


def _no_constant(name: str) -> Cell:
    raise ValueError(f"{name} is not a JSON number")


def _json_type(value: Cell) -> str:
    names = {list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def _written(value: Cell) -> str:
    """All keys and strings inside a JSON value, joined."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "".join(k + _written(v) for k, v in value.items())
    return "".join(map(_written, value)) if isinstance(value, list) else ""


def _encodable(value: Cell) -> bool:
    try:
        _written(value).encode()
    except UnicodeEncodeError:
        return False
    return True
