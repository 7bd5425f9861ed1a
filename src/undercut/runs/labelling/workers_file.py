"""`workers.yaml`: who may label, at what price. Its settings stand in docs/labels_workers.md."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from undercut.build.labels.workers import Skill, Worker, WorkerFacts, WorkerKind
from undercut.core.money import Money
from undercut.runs.labelling.endpoint.settings import endpoint_from
from undercut.runs.labelling.formats import Format
from undercut.runs.labelling.formats.files import SUFFIXES
from undercut.runs.labelling.known_texts import descriptions_from, examples_from
from undercut.runs.labelling.people import PeopleWorker
from undercut.runs.labelling.recorded import load_recorded
from undercut.runs.labelling.rule_files import (
    RulesWorker,
    pattern_from,
    read_functions,
    read_patterns,
)
from undercut.runs.labelling.settings import Settings, read_list
from undercut.runs.labelling.zero_shot import ZeroShotWorker

AnyWorker = Worker | PeopleWorker

# Beliefs where the file states none: worth a few answers, so that the first judged ones decide.
_WEIGHT = 4.0
_ACCURACY = {
    WorkerKind.RULES: 0.8,
    WorkerKind.ZERO_SHOT: 0.6,
    WorkerKind.ENDPOINT: 0.75,
    WorkerKind.FILE: 0.8,
    WorkerKind.PEOPLE: 0.9,
}


@dataclass(frozen=True, slots=True)
class Office:
    """What every worker is hired with; see `load_workers`."""

    classes: tuple[str, ...]
    folder: Path
    currency: str
    examples: tuple[tuple[str, str], ...]
    environment: Mapping[str, str]


def load_workers(
    path: Path,
    *,
    classes: Sequence[str],
    folder: Path,
    currency: str = "USD",
    examples: Sequence[tuple[str, str]] = (),
    environment: Mapping[str, str] | None = None,
) -> tuple[AnyWorker, ...]:
    """The workers that a file names, in its order.

    folder: of the job: what was paid and files for people go there. currency: of workers that
    name no price. examples: (text, label) known beforehand, shown to models. environment: where
    keys are looked up, that of the process where None.
    Raises ConfigError with file and line for an unknown kind or setting, or a name used twice;
    InputError where a file that the settings name cannot be read.
    """
    office = Office(
        tuple(classes),
        folder,
        currency,
        tuple(examples),
        os.environ if environment is None else environment,
    )
    workers: list[AnyWorker] = []
    seen: set[str] = set()
    for settings in read_list(path, what="worker", key="workers", beside=("classes",)):
        facts = _facts(settings, office)
        if facts.name in seen:
            raise settings.error(f"the name {facts.name!r} is used twice", name="name")
        seen.add(facts.name)
        worker = _MAKERS[facts.kind](settings, facts, office)
        settings.refuse_rest()
        workers.append(worker)
    return tuple(workers)


def _facts(settings: Settings, office: Office) -> WorkerFacts:
    name = settings.required("name", example="crowd")
    if not all(one.isalnum() or one in "-_." for one in name) or name.startswith("."):
        raise settings.error(
            f"name must be letters, digits, - and _, got {name!r}", name="name", hint="crowd-1"
        )
    kind = WorkerKind(settings.choice("kind", "", WorkerKind))
    price = settings.money("price", office.currency)
    skill = Skill(
        accuracy=settings.number("accuracy", _ACCURACY[kind], least=0.0, most=1.0),
        weight=settings.number("weight", _WEIGHT, least=0.1, most=1e6),
        coverage=settings.number("coverage", 1.0, least=0.0, most=1.0),
    )
    return WorkerFacts(
        name=name,
        kind=kind,
        price=Money.zero(office.currency) if price is None else price,
        skill=skill,
        family=settings.text("family", "") or "",
    )


def _rules(settings: Settings, facts: WorkerFacts, office: Office) -> AnyWorker:
    rules = []
    inline, patterns, functions = (
        settings.raw("rules"),
        settings.path("patterns"),
        settings.path("functions"),
    )
    for number, one in enumerate(inline if isinstance(inline, list) else [], start=1):
        part = Settings(one, file=settings.file, what=f"{settings.what}: rule {number}")
        rules.append(pattern_from(part, classes=office.classes))
    if patterns is not None:
        rules += read_patterns(patterns, classes=office.classes)
    if functions is not None:
        rules += read_functions(functions, classes=office.classes)
    if not rules:
        raise settings.error(
            "no rules are given", hint="rules: [...], patterns: FILE.yaml or functions: FILE.py"
        )
    return RulesWorker(facts, tuple(rules))


def _zero_shot(settings: Settings, facts: WorkerFacts, office: Office) -> AnyWorker:
    return ZeroShotWorker(
        facts,
        descriptions=descriptions_from(settings, office.classes),
        encoder=settings.text("encoder"),
        least_probability=settings.number("least_probability", 0.0, least=0.0, most=1.0),
        examples=examples_from(settings, office.examples),
    )


def _endpoint(settings: Settings, facts: WorkerFacts, office: Office) -> AnyWorker:
    return endpoint_from(
        settings,
        facts,
        classes=office.classes,
        folder=office.folder,
        currency=office.currency,
        examples=examples_from(settings, office.examples),
        environment=office.environment,
    )


def _file(settings: Settings, facts: WorkerFacts, office: Office) -> AnyWorker:
    settings.required("answers", example="answers.csv")
    answers = settings.path("answers")
    assert answers is not None
    format = settings.choice("format", "auto", ("auto", *Format))
    return load_recorded(facts, answers, format=None if format == "auto" else Format(format))


def _people(settings: Settings, facts: WorkerFacts, office: Office) -> AnyWorker:
    format = Format(settings.choice("format", Format.LABEL_STUDIO, Format))
    votes = settings.whole("votes_per_item", 1, least=1, most=1000)
    ending, here = SUFFIXES[format], office.folder / "people"
    return PeopleWorker(
        WorkerFacts(
            facts.name, facts.kind, facts.price, facts.skill, facts.family, votes_per_item=votes
        ),
        tasks=settings.path("tasks") or here / f"{facts.name}{ending}",
        answers=settings.path("answers") or here / f"{facts.name}.answers{ending}",
        format=format,
    )


_MAKERS: Mapping[WorkerKind, Callable[[Settings, WorkerFacts, Office], AnyWorker]] = {
    WorkerKind.RULES: _rules,
    WorkerKind.ZERO_SHOT: _zero_shot,
    WorkerKind.ENDPOINT: _endpoint,
    WorkerKind.FILE: _file,
    WorkerKind.PEOPLE: _people,
}
