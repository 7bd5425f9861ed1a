"""Reading price lists: the shipped one, and the user's own rows, which win."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from undercut.core.errors import ConfigError
from undercut.core.prices import PriceList, PriceRow

_SCHEMA = 1


def load_prices(*overrides: Path) -> PriceList:
    """The shipped price list with the user's files over it; later files win, row by row.

    A file (JSON or YAML) holds a list of rows, or a mapping with `rows`. Rows are matched by
    id and replaced whole. Raises ConfigError with file and row number for a file that cannot
    be read, an id given twice in one file, an unknown field, or a row without source or date.
    """
    rows = {row.id: row for row in _shipped()}
    for path in overrides:
        rows.update((row.id, row) for row in _read(path))
    return PriceList(rows=tuple(rows[name] for name in sorted(rows)))


@cache
def _shipped() -> tuple[PriceRow, ...]:
    asset = resources.files("undercut") / "assets" / "prices.json"
    content = json.loads(asset.read_text(encoding="utf-8"), parse_float=Decimal)
    return tuple(_rows(content, "the shipped price list"))


def _read(path: Path) -> tuple[PriceRow, ...]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the price list cannot be read: {error}") from error
    try:
        if Path(path).suffix.lower() == ".json":
            content = json.loads(text, parse_float=Decimal)
        else:
            content = yaml.load(text, Loader=_ExactLoader)
    except (json.JSONDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: the price list is not valid: {error}") from error
    return tuple(_rows(content, str(path)))


def _rows(content: Any, source: str) -> Iterator[PriceRow]:
    seen: dict[str, int] = {}
    for number, fields in enumerate(_listed(content, source), start=1):
        row = _row(fields, source, number)
        if row.id in seen:
            raise ConfigError(
                f"{source}: row {number}: the id {row.id!r} stands in row {seen[row.id]} already"
            )
        seen[row.id] = number
        yield row


def _listed(content: Any, source: str) -> list[Any]:
    if isinstance(content, dict):
        if content.get("schema", _SCHEMA) != _SCHEMA:
            raise ConfigError(
                f"{source}: price list schema {content['schema']!r}, expected {_SCHEMA}"
            )
        content = content.get("rows")
    if not isinstance(content, list):
        raise ConfigError(
            f"{source}: expected a list of price rows, got {type(content).__name__}",
            hint='[{"id": ..., "kind": "host", ...}] or {"rows": [...]}',
        )
    return content


def _row(fields: Any, source: str, number: int) -> PriceRow:
    try:
        return PriceRow.model_validate(fields)
    except ValidationError as error:
        problems = "; ".join(_problem(dict(found)) for found in error.errors(include_url=False))
        raise ConfigError(
            f"{source}: row {number}: {problems}",
            hint="id, kind, unit, price, currency, per, source and date of the shipped rows",
        ) from error


def _problem(found: dict[str, Any]) -> str:
    where = ".".join(map(str, found["loc"]))
    if found["type"] == "missing":
        return f"{where} is missing"
    # a complaint about the whole row need not repeat the row
    return f"{where}: {found['msg']}, got {found['input']!r}" if where else str(found["msg"])


class _ExactLoader(yaml.SafeLoader):
    """YAML in which 0.05 is the Decimal that was written, not the float nearest to it."""


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    text = str(loader.construct_scalar(node))
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise yaml.constructor.ConstructorError(
            None, None, f"not a decimal number: {text!r}", node.start_mark
        ) from error


_ExactLoader.add_constructor("tag:yaml.org,2002:float", _decimal)
