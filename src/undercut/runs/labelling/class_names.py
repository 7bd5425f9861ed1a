"""The classes of a labelling job: as given, of the workers' file, or of the gold labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from undercut.build.labels.rules import fold
from undercut.core.errors import ConfigError, InputError
from undercut.core.tabular.encoding import examine_text
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.settings import read_yaml


def find_classes(config: LabelConfig, gold: Mapping[str, str]) -> tuple[str, ...]:
    """The class names: as given, of the workers' file, or of the gold labels.

    Raises ConfigError where fewer than two can be found or two are alike, InputError for a gold
    label that is none of them.
    """
    found = _given(config.classes) or _of_workers(Path(config.workers))
    found = tuple(dict.fromkeys(found or sorted(set(gold.values()))))
    if len(found) < 2:
        only = f", found only {found[0]!r}" if found else ", none is named"
        raise ConfigError(
            f"at least two classes are needed{only}",
            hint="--classes 'refund,invoice,other', --classes classes.txt with one a line,"
            f" `classes:` in {config.workers}, or --gold FILE",
        )
    _refuse_alike(found)
    unknown = sorted(set(gold.values()) - set(found))
    if unknown:
        raise InputError(
            f"gold label {unknown[0]!r} is not among the classes",
            file=config.gold,
            hint=f"one of: {', '.join(found[:10])}{' ...' if len(found) > 10 else ''}",
        )
    return found


def _refuse_alike(found: Sequence[str]) -> None:
    """ConfigError for two names that a worker's answer cannot tell apart."""
    first: dict[str, str] = {}
    for name in found:
        other = first.setdefault(fold(name), name)
        if other != name:
            raise ConfigError(
                f"the classes {other!r} and {name!r} differ only by case, width or spaces",
                hint="one name for one class, in --classes, the workers file and --gold alike",
            )


def _given(classes: Sequence[str]) -> tuple[str, ...]:
    if len(classes) == 1 and _is_file(classes[0]):
        path = Path(classes[0])
        encoding = examine_text(lambda: path.open("rb"), source=classes[0]).encoding
        lines = path.read_text(encoding=encoding).splitlines()
        return tuple(line.strip() for line in lines if line.strip())
    return tuple(name.strip() for one in classes for name in one.split(",") if name.strip())


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:  # as many class names as no file name could hold
        return False


def _of_workers(path: Path) -> tuple[str, ...]:
    content = read_yaml(path)
    classes = content.get("classes") if isinstance(content, dict) else None
    if isinstance(classes, dict | list):
        return tuple(str(name) for name in classes)
    return ()
