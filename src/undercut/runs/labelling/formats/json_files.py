"""JSON documents and JSON lines read whole and written in one step."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from undercut.core.errors import InputError
from undercut.core.files import write_atomic
from undercut.core.tabular import RowProblem, open_rows


def read_text(path: Path) -> str:
    """A UTF-8 file, byte order mark or not. Raises InputError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"is not UTF-8 (byte {error.start})", file=str(path), hint="save it as UTF-8"
        ) from error


def read_json(path: Path) -> Any:
    """One JSON document. Raises InputError with its line."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(
            f"not valid JSON: {error.msg}", file=str(path), line=error.lineno
        ) from error
    except RecursionError as error:
        raise InputError("nested too deeply to be a task file", file=str(path)) from error


def read_objects(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """The objects of a JSON lines file with their lines, each with its own keys only.

    Raises InputError for a line that holds none, but for an unfinished last one: a kill while it
    was written leaves half a line.
    """
    found = []
    lines = read_text(path).split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            if number == len(lines):
                break
            raise InputError(f"not valid JSON: {error}", file=str(path), line=number) from error
        if not isinstance(value, dict):
            raise InputError("expected a JSON object", file=str(path), line=number)
        found.append((number, value))
    return found


def write_json(path: Path, value: object) -> None:
    """One readable document."""
    write_atomic(path, (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode())


def write_objects(path: Path, records: Iterable[Mapping[str, object]]) -> None:
    """One object a line."""
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    write_atomic(path, "".join(lines).encode())


def read_table(path: Path) -> tuple[tuple[str, ...], list[tuple[int, dict[str, str]]]]:
    """Columns and rows, with their lines, of a CSV or TSV file in any usual encoding.

    Raises InputError for a row that cannot be read: a vote that is left out unseen is a wrong
    result.
    """
    stream = open_rows(path)
    rows = []
    for row in stream:
        if isinstance(row, RowProblem):
            raise InputError(row.what, file=str(path), line=row.line)
        cells = ["" if cell is None else str(cell) for cell in row.values]
        rows.append((row.line, dict(zip(stream.columns, cells, strict=True))))
    return stream.columns, rows
