"""YAML in which every setting knows its line, and none is read past."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from undercut.core.errors import ConfigError, InputError
from undercut.core.money import Money

_KINDS = {str: "text", list: "list", int: "number", float: "number", type(None): "blank"}


class _Map(dict[str, Any]):
    """A mapping with its own line and those of its keys."""

    line: int
    lines: dict[str, int]


class _Loader(yaml.SafeLoader):
    """Safe YAML whose mappings know their lines and refuse a key given twice."""


def _map(loader: yaml.SafeLoader, node: yaml.MappingNode) -> _Map:
    made = _Map()
    made.line = node.start_mark.line + 1
    made.lines = {}
    for key_node, value_node in node.value:
        key = str(loader.construct_object(key_node, deep=True))
        if key in made:
            raise yaml.constructor.ConstructorError(
                None, None, f"{key!r} is given twice", key_node.start_mark
            )
        made[key] = loader.construct_object(value_node, deep=True)
        made.lines[key] = key_node.start_mark.line + 1
    return made


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _map)


class Settings:
    """One mapping of a YAML file; `take` each setting, then `refuse_rest`."""

    def __init__(self, values: Any, *, file: Path, what: str) -> None:
        self.file = file
        self.what = what
        if not isinstance(values, _Map):
            raise ConfigError(
                # its content is not shown: people write keys into such files
                f"{file}: {what} must be settings such as `name: crowd`,"
                f" got a {_KINDS.get(type(values), type(values).__name__)}"
            )
        self._values = values
        self._taken: set[str] = set()

    def where(self, name: str | None = None) -> str:
        """File and line of a setting, of the mapping where None."""
        return f"{self.file}:{self._values.lines.get(name or '', self._values.line)}"

    def error(
        self, message: str, *, name: str | None = None, hint: str | None = None
    ) -> ConfigError:
        """A ConfigError with the place."""
        return ConfigError(f"{self.where(name)}: {self.what}: {message}", hint=hint)

    def raw(self, name: str) -> Any:
        """A setting as it stands; None where it is not given."""
        self._taken.add(name)
        return self._values.get(name)

    def text(self, name: str, default: str | None = None) -> str | None:
        """A text, or a number written without quotes."""
        value = self.raw(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.error(f"{name} must be text, got {value!r}", name=name)
        return str(value)

    def required(self, name: str, *, example: str) -> str:
        """A text that must be given."""
        value = self.text(name)
        if not value:
            raise self.error(f"{name} is missing", hint=f"{name}: {example}")
        return value

    def number(self, name: str, default: float, *, least: float, most: float) -> float:
        """A number within bounds."""
        value = self.raw(name)
        if value is None:
            return default
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not (least <= value <= most)
        ):
            raise self.error(
                f"{name} must be a number from {least:g} to {most:g}, got {value!r}", name=name
            )
        return float(value)

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number within bounds."""
        value = self.number(name, default, least=least, most=most)
        if value != int(value):
            raise self.error(f"{name} must be a whole number, got {value!r}", name=name)
        return int(value)

    def choice(self, name: str, default: str, among: Iterable[str]) -> str:
        """One of a few words."""
        value, known = self.text(name, default), list(among)
        if not value:
            raise self.error(f"{name} is missing; one of {', '.join(known)}")
        if value not in known:
            raise self.error(f"{name} must be one of {', '.join(known)}, got {value!r}", name=name)
        return value

    def money(self, name: str, currency: str) -> Money | None:
        """Money; a bare 0 is nothing in the given currency."""
        value = self.raw(name)
        if value is None:
            return None
        if value == 0 and not isinstance(value, bool):
            return Money.zero(currency)
        try:
            money = Money.parse(str(value))
        except ConfigError as error:
            raise self.error(
                f"{name}: {error.message}", name=name, hint="0.003 usd, with a currency"
            ) from error
        if money.amount < 0:
            raise self.error(f"{name} must not be negative, got {value!r}", name=name)
        return money

    def path(self, name: str) -> Path | None:
        """A file; a relative one is looked for beside the YAML file."""
        value = self.text(name)
        return None if value is None else self.file.parent / value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, or a single one."""
        value = self.raw(name)
        values = value if isinstance(value, list) else [] if value is None else [value]
        if not all(isinstance(one, str | int | float) for one in values):
            raise self.error(f"{name} must be a list of texts, got {value!r}", name=name)
        return tuple(str(one) for one in values)

    def part(self, name: str) -> Settings | None:
        """A mapping inside this one."""
        value = self.raw(name)
        if value is None:
            return None
        return Settings(value, file=self.file, what=f"{self.what}: {name}")

    def names(self) -> tuple[str, ...]:
        """The keys that were given."""
        return tuple(self._values)

    def refuse_rest(self) -> None:
        """Raise ConfigError for the first setting that nobody took."""
        for name in self._values:
            if name not in self._taken:
                close = get_close_matches(name, sorted(self._taken), n=1)
                raise self.error(
                    f"unknown setting {name!r}",
                    name=name,
                    hint=f"did you mean {close[0]!r}?"
                    if close
                    else f"the settings are: {', '.join(sorted(self._taken))}",
                )


def read_list(path: Path, *, what: str, key: str, beside: Collection[str] = ()) -> list[Settings]:
    """The mappings of a YAML file that holds a list, or a mapping with the list under `key`.

    beside: what else that mapping may hold, read elsewhere.
    Raises InputError where it cannot be read, ConfigError with its line where it is no such list.
    """
    content = read_yaml(path)
    if isinstance(content, dict) and key in content and set(content) <= {key, *beside}:
        content = content[key]
    if not isinstance(content, list) or not content:
        raise ConfigError(
            f"{path}: expected a list of {what}s, or `{key}:` with such a list",
            hint=f"- name: first-{what}",
        )
    return [
        Settings(one, file=path, what=f"{what} {number}")
        for number, one in enumerate(content, start=1)
    ]


def read_yaml(path: Path) -> Any:
    """A YAML file's content, mappings with their lines."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", file=str(path), hint="check the name"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8", file=str(path), hint="save it as UTF-8") from error
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark is not None else str(path)
        problem = getattr(error, "problem", None) or error
        raise ConfigError(f"{place}: not valid YAML: {problem}") from error
