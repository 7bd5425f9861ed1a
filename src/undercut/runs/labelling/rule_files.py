"""Rules from a user's files: patterns in YAML, functions in Python."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from undercut.build.labels.rules import Rule, decide, pattern_rule
from undercut.build.labels.workers import Answer, Ask, WorkerFacts
from undercut.core.errors import ConfigError, InputError
from undercut.core.money import Money
from undercut.runs.labelling.settings import Settings, read_list


@dataclass(frozen=True, slots=True)
class RulesWorker:
    """All rules of one entry, answering as one. The note names the rules that fired."""

    facts: WorkerFacts
    rules: tuple[Rule, ...]
    repeatable: bool = True

    def answer(self, asks: Sequence[Ask], *, classes: Sequence[str]) -> list[Answer]:
        """One answer an Ask; None where no rule fires or two classes tie."""
        answers = []
        for ask in asks:
            verdict = decide(self.rules, ask.text)
            cost = self.facts.price if verdict.fired else Money.zero(self.facts.price.currency)
            note = "; ".join(verdict.fired)
            answers.append(Answer(ask.item, self.facts.name, verdict.label, cost, note=note))
        return answers


def read_patterns(path: Path, *, classes: Sequence[str]) -> list[Rule]:
    """Rules from a YAML list; ConfigError with the line for one that cannot work."""
    return [pattern_from(one, classes=classes) for one in read_list(path, what="rule", key="rules")]


def pattern_from(settings: Settings, *, classes: Sequence[str]) -> Rule:
    """One rule from its mapping."""
    label = settings.required("label", example=classes[0] if classes else "refund")
    if label not in classes:
        raise settings.error(
            f"{label!r} is not among the classes: {', '.join(classes)}", name="label"
        )
    keywords, unless = settings.texts("keywords"), settings.texts("unless")
    regex, name = settings.text("regex"), settings.text("name")
    weight = settings.number("weight", 1.0, least=0.001, most=1000.0)
    settings.refuse_rest()
    try:
        return pattern_rule(
            label, keywords=keywords, regex=regex, unless=unless, name=name, weight=weight
        )
    except ConfigError as error:
        raise settings.error(error.message, name="regex", hint="keywords: [refund]") from error


def read_functions(path: Path, *, classes: Sequence[str]) -> list[Rule]:
    """The public functions of a Python file as rules, in the order they stand there.

    The file is run: it is the user's own, named in the user's own settings. A function takes a
    text and returns a class or None. Raises ConfigError where the file fails or holds none.
    """
    if not path.is_file():
        raise InputError("no such file", file=str(path), hint="functions: my_rules.py")
    spec = importlib.util.spec_from_file_location(f"undercut_rules_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError("is not a Python file", file=str(path), hint="functions: my_rules.py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever a user's file raises
        raise ConfigError(f"{path}: cannot be run: {type(error).__name__}: {error}") from error
    found = [
        one
        for name, one in vars(module).items()
        if inspect.isfunction(one) and one.__module__ == module.__name__ and name[0] != "_"
    ]
    if not found:
        raise ConfigError(f"{path}: no public function", hint="def refund(text): ...")
    return [Rule(one.__name__, _checked(one, path, classes)) for one in found]


def _checked(
    function: Callable[[str], object], path: Path, classes: Sequence[str]
) -> Callable[[str], str | None]:
    line = inspect.unwrap(function).__code__.co_firstlineno
    known = frozenset(classes)

    def says(text: str) -> str | None:
        try:
            label = function(text)
        except (Exception, SystemExit) as error:  # whatever a user's function raises
            raise InputError(
                f"rule {function.__name__} failed on {text[:60]!r}: "
                f"{type(error).__name__}: {error}",
                file=str(path),
                line=line,
                hint="return None where the rule has nothing to say",
            ) from error
        if label is None:
            return None
        if not isinstance(label, str) or label not in known:
            raise InputError(
                f"rule {function.__name__} said {label!r}, which is not a class",
                file=str(path),
                line=line,
                hint=f"one of: {', '.join(classes)}",
            )
        return label

    return says
