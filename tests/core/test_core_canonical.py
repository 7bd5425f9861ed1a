from __future__ import annotations

import doctest
import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from undercut.core import canonical, locks
from undercut.core.canonical import canonical_json, digest_of
from undercut.core.errors import ConfigError
from undercut.core.usage import Unit

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@dataclass(frozen=True)
class Settings:
    rate: Decimal
    where: Path
    unit: Unit


class Model(BaseModel):
    rate: Decimal
    inner: tuple[int, ...]


@given(values)
def test_json_values_keep_their_meaning(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert text.isascii()
    assert canonical_json(json.loads(text)) == text


@given(st.dictionaries(st.text(), st.integers()))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert digest_of(value) == digest_of(dict(reversed(value.items())))


def test_typed_values_become_plain_text() -> None:
    settings = Settings(Decimal("0.50"), Path("a") / "b", Unit.LABELS)
    assert canonical_json(settings) == '{"rate":"0.5","unit":"labels","where":"a/b"}'
    model = Model(rate=Decimal("1.0"), inner=(1, 2))
    assert canonical_json(model) == '{"inner":[1,2],"rate":"1"}'
    mixed = {"s": {3, 1, 2}, "n": np.int64(3), "f": np.float32(0.5), "d": date(2026, 1, 2)}
    assert canonical_json(mixed) == '{"d":"2026-01-02","f":0.5,"n":3,"s":[1,2,3]}'
    assert canonical_json({Unit.LABELS: PurePosixPath("x")}) == '{"labels":"x"}'


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), Decimal("NaN"), b"x", object(), {1: 2}, np.zeros(3), Settings],
)
def test_what_has_no_stable_text_is_refused(value: object) -> None:
    with pytest.raises(ConfigError):
        canonical_json(value)


def test_examples_in_the_documentation() -> None:
    for module in (canonical, locks):
        found = doctest.testmod(module)
        assert (found.failed, found.attempted > 0) == (0, True)
