"""One text for one value: the canonical JSON that digests and stage keys are made of."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import PurePath

import numpy as np
from pydantic import BaseModel

from undercut.core.errors import ConfigError
from undercut.core.money import exact

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


def canonical_json(value: object) -> str:
    """ASCII JSON with sorted keys and no spaces; equal values give equal text.

    Takes what `plain` takes. Raises ConfigError for NaN, infinity and unknown types.

    >>> canonical_json({"b": (1, 2), "a": Decimal("0.50")})
    '{"a":"0.5","b":[1,2]}'
    """
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(value: object) -> str:
    """sha256 (hex) of the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()


def plain(value: object) -> Plain:
    """A value as JSON types.

    Decimals become exact digits, paths POSIX text, dates ISO text, enums their value, sets
    sorted lists, dataclasses and pydantic models mappings of their fields, NumPy scalars Python
    numbers. Raises ConfigError for other types: an unknown object has no stable text.
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | np.generic):
        return _scalar(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, date):
        return value.isoformat()
    return _container(value)


def _scalar(value: float | np.generic) -> Plain:
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, float) and not np.isfinite(number):
        raise ConfigError(f"{number} has no place in a digest; expected a finite number")
    if not isinstance(number, bool | int | float | str):
        raise ConfigError(f"no canonical text for the NumPy scalar {value!r}")
    return number


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ConfigError(f"{value} has no place in a digest; expected a finite number")
    return exact(value)


def _container(value: object) -> Plain:
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name)) for name in type(value).model_fields}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=lambda item: json.dumps(item))
    raise ConfigError(
        f"no canonical text for a {type(value).__name__}",
        hint="give its digest, or a dataclass of plain fields",
    )


def _key(key: object) -> str:
    if isinstance(key, Enum):
        key = key.value
    if not isinstance(key, str):
        raise ConfigError(f"keys must be text to be canonical, got {key!r}")
    return key
