"""A running price test on disk: one JSON file, changed whole and under a lock.

Customers are known by a keyed hash of the name that the caller gives; whoever has been shown a
price sees that price again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from undercut.core.errors import ArtefactError, ConfigError, InputError
from undercut.core.files import write_atomic
from undercut.core.locks import FileLock
from undercut.core.money import Money
from undercut.sell.pricing.experiments.counts import Counts
from undercut.sell.pricing.experiments.terms import TestTerms

Answer = TypeVar("Answer")


class ShownPrice(BaseModel):
    """What one customer was shown. bought: None while it is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    price: int
    bought: bool | None = None


class TestState(BaseModel):
    """The file. floor_source: where the floor comes from, in words. key: of the hashes."""

    __test__ = False
    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    name: str
    started: str
    prices: tuple[str, ...]
    control: int
    cost: str
    floor: str
    floor_source: str
    loss_bound: str
    least_visitors: int
    tolerance: float
    seed: int
    key: str
    customers: dict[str, ShownPrice] = {}

    def terms(self) -> TestTerms:
        """The terms, checked again: a file can be edited."""
        return TestTerms(
            tuple(Money.parse(each) for each in self.prices),
            self.control,
            Money.parse(self.cost),
            Money.parse(self.floor),
            Money.parse(self.loss_bound),
            self.least_visitors,
            self.tolerance,
            self.seed,
        )

    def counts(self) -> Counts:
        """Outcomes that are known."""
        known = [each for each in self.customers.values() if each.bought is not None]
        return Counts(
            self._tally([each.price for each in known]),
            self._tally([each.price for each in known if each.bought]),
        )

    def shown(self) -> np.ndarray:
        """(K,) customers who were shown each price."""
        return self._tally([each.price for each in self.customers.values()])

    def of(self, customer: str) -> str:
        """The customer's name in the file."""
        if not customer.strip():
            raise InputError("a customer needs a name, the same each time; got an empty one")
        secret = bytes.fromhex(self.key)
        return hmac.new(secret, customer.strip().encode("utf-8"), hashlib.sha256).hexdigest()[:24]

    def _tally(self, places: list[int]) -> np.ndarray:
        return np.bincount(np.array(places, dtype=np.int64), minlength=len(self.prices))


def create_state(path: Path, state: TestState) -> None:
    """Write a new test. Raises ConfigError where a file is there already."""
    with FileLock(_lock_of(path)):
        if path.exists():
            raise ConfigError(
                f"{path} is there already: a running test is never overwritten",
                hint="another name, or undercut experiment show to see how it stands",
            )
        _write(path, state)


def load_state(path: Path) -> TestState:
    """A test from its file. Raises InputError where none is, ArtefactError where it is damaged."""
    try:
        state = TestState.model_validate_json(path.read_bytes())
        terms = state.terms()
    except FileNotFoundError:
        raise InputError(
            "no price test here", file=str(path), hint="undercut experiment start"
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ArtefactError(f"{path} is not a price test: {where}: {first['msg']}") from error
    except (OSError, ValueError, ConfigError, InputError) as error:
        raise ArtefactError(f"{path} is damaged: {error}") from error
    if any(not 0 <= each.price < len(terms.prices) for each in state.customers.values()):
        raise ArtefactError(f"{path} is damaged: a customer was shown a price that is not in it")
    return state


def change_state(path: Path, change: Callable[[TestState], tuple[TestState, Answer]]) -> Answer:
    """Read, change and write a test while nobody else does. Returns what `change` answers."""
    load_state(path)  # so that a missing file leaves no lock behind
    with FileLock(_lock_of(path)):
        before = load_state(path)
        after, answer = change(before)
        if after is not before:
            _write(path, after)
    return answer


def _lock_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


def _write(path: Path, state: TestState) -> None:
    data = json.dumps(state.model_dump(mode="json"), indent=1, sort_keys=True) + "\n"
    try:
        write_atomic(path, data.encode("utf-8"))
    except OSError as error:
        raise ArtefactError(f"{path} cannot be written: {error.strerror or error}") from error
