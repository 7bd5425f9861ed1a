"""YAML read strictly: each value knows its line, unknown and double keys are refused."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

import yaml

from undercut.core.errors import ConfigError, InputError
from undercut.core.money import Money

_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}
Taken = TypeVar("Taken")
_NULLS = {"", "null", "~", "Null", "NULL"}


def read_yaml(path: Path) -> Section:
    """The mapping in a YAML file. Raises InputError with file and line for anything else."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8 text", file=str(path), hint="save it as UTF-8") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise InputError(
            f"not valid YAML: {error.problem or error.context}",
            file=str(path),
            line=None if mark is None else mark.line + 1,
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"not valid YAML: {error}", file=str(path)) from error
    if not isinstance(node, yaml.MappingNode):
        raise InputError(
            "expected settings such as `currency: USD`, got "
            + ("nothing" if node is None else "something else"),
            file=str(path),
        )
    return Section.of(node, str(path), "")


@dataclass(slots=True)
class Section:
    """One mapping. Every `take_*` marks its key as known; `done` refuses the others.

    where: the path of keys down to here, for messages.
    """

    file: str
    line: int
    where: str
    nodes: dict[str, yaml.Node]
    lines: dict[str, int]
    taken: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, node: yaml.Node, file: str, where: str) -> Section:
        """A mapping node; InputError for another one or a key given twice."""
        line = node.start_mark.line + 1
        if not isinstance(node, yaml.MappingNode):
            raise InputError(f"{where or 'the file'} must be a mapping", file=file, line=line)
        nodes: dict[str, yaml.Node] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            name, at = str(key.value), key.start_mark.line + 1
            if name in nodes:
                raise InputError(
                    f"{name!r} is given twice, first in line {lines[name]}", file=file, line=at
                )
            nodes[name], lines[name] = value, at
        return cls(file, line, where, nodes, lines)

    def has(self, key: str) -> bool:
        """Whether a value is given (null is none)."""
        self.taken.append(key)
        node = self.nodes.get(key)
        if node is None:
            return False
        null = isinstance(node, yaml.ScalarNode) and node.style is None and node.value in _NULLS
        return not null

    def wrong(self, key: str | None, message: str, hint: str | None = None) -> InputError:
        """An error that names file, line and key."""
        line = self.lines.get(key, self.line) if key is not None else self.line
        named = ".".join(part for part in (self.where, key) if part)
        return InputError(
            f"{named}: {message}" if named else message, file=self.file, line=line, hint=hint
        )

    def needed(self, key: str, value: Taken | None, hint: str | None = None) -> Taken:
        """The value taken for `key`; InputError where there is none."""
        if value is None:
            raise self.wrong(None, f"{key} is missing", hint)
        return value

    def take_text(self, key: str) -> str | None:
        """A text that is not empty."""
        if not self.has(key):
            return None
        text = self._scalar(key).strip()
        if not text:
            raise self.wrong(key, "must not be empty")
        return text

    def take_number(self, key: str) -> Decimal | None:
        """A finite number, as written."""
        if not self.has(key):
            return None
        written = self._scalar(key).strip()
        if not _NUMBER.fullmatch(written):
            raise self.wrong(
                key,
                f"expected a number, got {written!r}",
                "a decimal point, no per cent sign, no thousands commas (40_000_000 is fine)",
            )
        try:
            return Decimal(written.replace("_", ""))
        except InvalidOperation as error:  # pragma: no cover - the pattern lets none through
            raise self.wrong(key, f"expected a number, got {written!r}") from error

    def take_fraction(self, key: str) -> float | None:
        """A share in [0, 1]."""
        number = self.take_number(key)
        if number is None:
            return None
        if not 0 <= number <= 1:
            raise self.wrong(
                key, f"must lie between 0 and 1, got {number}", "fractions, not per cent: 0.12"
            )
        return float(number)

    def take_float(self, key: str) -> float | None:
        """A number as a float."""
        number = self.take_number(key)
        return None if number is None else float(number)

    def take_count(self, key: str) -> int | None:
        """A whole number above 0."""
        number = self.take_number(key)
        if number is None:
            return None
        if number != number.to_integral_value() or number <= 0:
            raise self.wrong(key, f"must be a whole number above 0, got {number}")
        return int(number)

    def take_flag(self, key: str) -> bool | None:
        """yes or no, true or false."""
        if not self.has(key):
            return None
        written = self._scalar(key).strip().lower()
        if written not in _FLAGS:
            raise self.wrong(key, f"expected yes or no, got {written!r}", f"{key}: yes")
        return _FLAGS[written]

    def take_date(self, key: str) -> date | None:
        """A day, YYYY-MM-DD."""
        if not self.has(key):
            return None
        written = self._scalar(key).strip()
        try:
            return date.fromisoformat(written)
        except ValueError as error:
            raise self.wrong(key, f"expected a day, got {written!r}", "2026-11-01") from error

    def take_money(self, key: str, currency: str) -> Money | None:
        """A number in the file's currency, or an amount with that currency written beside it."""
        if not self.has(key):
            return None
        written = self._scalar(key).strip()
        if _NUMBER.fullmatch(written):
            return self._money(key, Decimal(written.replace("_", "")), currency)
        try:
            money = Money.parse(written)
        except ConfigError as error:
            raise self.wrong(key, error.message, error.hint) from error
        if money.currency != currency:
            raise self.wrong(
                key,
                f"{money} is not in {currency}, the currency of this file",
                "one currency a file: convert at a rate and a date that you can name",
            )
        return money

    def _money(self, key: str, number: Decimal, currency: str) -> Money:
        try:
            return Money(number, currency)
        except ConfigError as error:
            raise self.wrong(key, error.message, error.hint) from error

    def take_section(self, key: str) -> Section | None:
        """A mapping below this one."""
        if not self.has(key):
            return None
        return Section.of(self.nodes[key], self.file, self._below(key))

    def take_sections(self, key: str) -> Iterator[Section]:
        """A list of mappings; none where the key is not given."""
        if not self.has(key):
            return
        node = self.nodes[key]
        if not isinstance(node, yaml.SequenceNode):
            raise self.wrong(key, "must be a list", "each entry starts with `- `")
        for number, entry in enumerate(node.value, start=1):
            yield Section.of(entry, self.file, f"{self._below(key)}[{number}]")

    def done(self) -> None:
        """InputError for a key that nobody asked for, with the nearest known one."""
        for name in self.nodes:
            if name not in self.taken:
                near = difflib.get_close_matches(name, self.taken, n=1, cutoff=0.6)
                known = ", ".join(dict.fromkeys(self.taken))
                raise self.wrong(
                    name,
                    "is not a setting here",
                    f"did you mean {near[0]!r}?" if near else f"the settings are: {known}",
                )

    def _scalar(self, key: str) -> str:
        node = self.nodes[key]
        if not isinstance(node, yaml.ScalarNode):
            raise self.wrong(key, "expected one value, got a list or a mapping")
        return str(node.value)

    def _below(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key
