"""Reads the user's own list of rivals: YAML or JSON, every number as it was written."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from undercut.core.errors import InputError
from undercut.sell.market.competitors import RivalPrice, read_rivals

_MOST_BYTES = 2**20


def rivals_of(path: Path, *, currency: str) -> tuple[RivalPrice, ...]:
    """The rivals in a file; InputError with file and row for anything wrong with it."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror or error}", file=str(path), hint="docs/market.md"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text: {error}", file=str(path)) from error
    if len(data) > _MOST_BYTES:
        raise InputError(f"holds more than {_MOST_BYTES} bytes", file=str(path))
    return read_rivals(_parsed(text, path), currency=currency, file=str(path))


def _parsed(text: str, path: Path) -> Any:
    try:
        if path.suffix.lower() == ".json":
            return json.loads(text, parse_float=Decimal)
        return yaml.load(text, Loader=_Exact)
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        raise InputError(f"not YAML: {error.problem}", file=str(path), line=line) from error
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise InputError(f"cannot be parsed: {error}", file=str(path)) from error


class _Exact(yaml.SafeLoader):
    """YAML whose 0.05 is the Decimal that was written."""


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    text = str(loader.construct_scalar(node))
    try:
        return Decimal(text.replace("_", ""))
    except ArithmeticError as error:
        raise yaml.constructor.ConstructorError(
            None, None, f"not a decimal number: {text!r}", node.start_mark
        ) from error


_Exact.add_constructor("tag:yaml.org,2002:float", _decimal)
