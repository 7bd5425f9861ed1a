"""What a labelling job found: labels, costs, workers, certificate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from undercut import __version__
from undercut.build.labels.deciding.answers import Heard
from undercut.build.labels.deciding.beliefs import Learnt
from undercut.build.labels.workers import Ask, WorkerFacts
from undercut.core.money import Money, exact
from undercut.runs.labelling.certificate import LabelCertificate
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.curve_lines import AskedAgain, CurveLine, asked_again
from undercut.runs.labelling.journal import AskState, Journal

Status = Literal[
    "certified", "target", "budget", "worth", "nothing", "not_certified", "waiting", "round"
]
MOST_CONFUSIONS = 8


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Confusion(_Frozen):
    """A worker said `said` where the merged label is `label`, so many times."""

    label: str
    said: str
    times: int


class WorkerLine(_Frozen):
    """One worker. decided: share of the final labels that it gave the most telling answer to.

    accuracy: believed share of right answers. cost: exact digits; None where one is unknown.
    waiting: questions without an answer yet; doubt: sent before a kill, perhaps paid.
    """

    name: str
    kind: str
    price: str
    answers: int
    abstained: int
    waiting: int
    doubt: int
    cost: str | None
    accuracy: float
    expected_accuracy: float
    agrees: float | None
    confusions: tuple[Confusion, ...]


class RoundLine(_Frozen):
    """One step of buying. error: believed before it. error_price: of its last avoided error."""

    purpose: str
    worker: str
    asked: int
    error: float
    spent: str
    error_price: float | None


class LabelReport(_Frozen):
    """`report.json` of a labelled folder."""

    schema_version: Literal[1] = 1
    kind: Literal["labels"] = "labels"
    undercut_version: str
    created: datetime
    language: Literal["en", "zh"]
    status: Status
    config: dict[str, Any]
    classes: tuple[str, ...]
    texts: int
    labelled: int
    currency: str
    budget: str
    committed: str
    cost: str | None
    cost_per_label: str | None
    cost_per_correct_label: str | None
    believed_error: float
    certificate: LabelCertificate
    workers: tuple[WorkerLine, ...]
    rounds: tuple[RoundLine, ...]
    shares: dict[str, int]
    curve: tuple[CurveLine, ...] = ()
    pseudo_labels: int = 0
    edited_copies: int = 0
    asked_again: AskedAgain | None = None
    files: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Labelled:
    """One text with its label. probability: believed, that the label is right."""

    ask: Ask
    label: str
    probability: float
    votes: int
    workers: str


def labelled_items(items: Sequence[Ask], heard: Heard, learnt: Learnt) -> list[Labelled]:
    """The labels, in the order of the texts; texts nobody answered are left out."""
    voters: dict[int, list[str]] = {}
    for item, source in zip(heard.votes.item, heard.vote_source, strict=True):
        voters.setdefault(int(item), []).append(heard.sources[source].name)
    # who learnt from the answers spoke for the machines, on every text
    taught = ["student"] if len(learnt.skills) > len(heard.sources) else []
    found = []
    for number, ask in enumerate(items):
        label = int(learnt.standing.labels[number])
        if label < 0:
            continue
        names = voters.get(number, [])
        found.append(
            Labelled(
                ask,
                heard.votes.classes[label],
                round(1.0 - float(learnt.standing.error[number]), 6),
                len(names),
                "+".join(dict.fromkeys([*names, *taught])) or "gold",
            )
        )
    return found


def build_report(
    config: LabelConfig,
    journal: Journal,
    *,
    status: Status,
    heard: Heard,
    learnt: Learnt,
    labels: Sequence[Labelled],
    certificate: LabelCertificate,
    error: float,
    pseudo: int,
    copies: int,
    now: datetime,
) -> LabelReport:
    """Everything the page shows."""
    budget = config.budget_money
    currency = budget.currency
    lines = _workers(journal, heard, learnt, currency)
    costs = [line.cost for line in lines]
    cost = None
    if all(each is not None for each in costs):
        cost = sum((Decimal(each) for each in costs if each is not None), Decimal(0))
    wrong = certificate.upper_bound if certificate.upper_bound is not None else error
    correct = Decimal(repr(round(len(labels) * (1 - min(wrong, 1.0)), 3)))
    return LabelReport(
        undercut_version=__version__,
        created=now,
        language=config.language,
        status=status,
        config=config.model_dump(mode="json"),
        classes=heard.votes.classes,
        texts=len(heard.votes.items),
        labelled=len(labels),
        currency=currency,
        budget=exact(budget.amount),
        committed=exact(journal.committed(currency).amount),
        cost=None if cost is None else exact(cost),
        cost_per_label=_each(cost, Decimal(len(labels)), currency),
        cost_per_correct_label=_each(cost, correct, currency),
        believed_error=error,
        certificate=certificate,
        workers=lines,
        rounds=tuple(RoundLine.model_validate(line) for line in journal.meta("rounds") or ()),
        shares=dict(Counter(each.label for each in labels).most_common()),
        curve=tuple(CurveLine.model_validate(line) for line in journal.meta("curve") or ()),
        pseudo_labels=pseudo,
        edited_copies=copies,
        asked_again=asked_again(
            journal, {each.ask.item: each.label for each in labels}, heard.votes.classes
        ),
    )


def _each(cost: Decimal | None, count: Decimal, currency: str) -> str | None:
    if cost is None or count <= 0:
        return None
    return exact((Money(cost, currency) / count).amount)


def _workers(
    journal: Journal, heard: Heard, learnt: Learnt, currency: str
) -> tuple[WorkerLine, ...]:
    asks, answers = journal.asks(), journal.answers(currency)
    return tuple(
        _worker(number, facts, asks, answers, heard, learnt)
        for number, facts in enumerate(heard.sources)
    )


def _worker(
    number: int, facts: WorkerFacts, asks: Any, answers: Any, heard: Heard, learnt: Learnt
) -> WorkerLine:
    own = [answer for source, answer in answers if source == facts.name]
    costs = [answer.cost for answer in own]
    doubt = sum(put.state is AskState.DOUBT and put.worker == facts.name for put in asks)
    cost = None
    if all(each is not None for each in costs):
        paid = sum((each.amount for each in costs if each is not None), Decimal(0))
        cost = exact(paid + facts.price.amount * doubt)
    votes = heard.vote_source == number
    said, label = heard.votes.label[votes], learnt.standing.labels[heard.votes.item[votes]]
    pairs = Counter(
        (int(truth), int(word)) for truth, word in zip(label, said, strict=True) if truth != word
    )
    names = heard.votes.classes
    return WorkerLine(
        name=facts.name,
        kind=facts.kind.value,
        price=exact(facts.price.amount),
        answers=len(own),
        abstained=sum(answer.label is None for answer in own),
        waiting=sum(
            put.worker == facts.name and put.state in (AskState.OPEN, AskState.SENT) for put in asks
        ),
        doubt=doubt,
        cost=cost,
        accuracy=learnt.skills[number].accuracy,
        expected_accuracy=facts.skill.accuracy,
        agrees=float((said == label).mean()) if len(said) else None,
        confusions=tuple(
            Confusion(label=names[truth], said=names[word], times=times)
            for (truth, word), times in pairs.most_common(MOST_CONFUSIONS)
        ),
    )
