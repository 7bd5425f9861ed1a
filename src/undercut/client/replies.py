"""Replies, from bytes to answers; whatever does not fit the contract is refused, not guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from undercut.client.answers import Answer, Batch, Ranked
from undercut.core.errors import ConfigError, ConnectionFailedError
from undercut.core.money import Money


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Wire(BaseModel):
    """Fields this version does not know are left alone: servers grow first."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class WireMoney(Wire):
    """Amounts travel as text, so that no digit is lost."""

    amount: Decimal
    currency: str

    def money(self) -> Money:
        """The same as Money; ConfigError where it is none."""
        return Money(self.amount, self.currency)


class _WireRanked(Wire):
    label: str
    confidence: float


class _WireAnswer(_WireRanked):
    stage: str
    cost: WireMoney | None = None
    top: list[_WireRanked] | None = None


class _WirePlan(Wire):
    name: str
    digest: str


class _WireUsage(Wire):
    tokens: int = Field(ge=0)
    stages: dict[str, int] = Field(default_factory=dict)
    cost: WireMoney | None = None


class _WirePredictions(Wire):
    request_id: str
    plan: _WirePlan
    answers: list[_WireAnswer]
    usage: _WireUsage


W = TypeVar("W", bound=Wire)


def read_predictions(reply: Reply, *, inputs: int, top_k: int) -> Batch:
    """The answers in a reply of status 200.

    Raises ConnectionFailedError where it is not the answer to `inputs` texts.
    """
    wire = parse(reply, _WirePredictions)
    if len(wire.answers) != inputs:
        raise not_an_answer(f"{len(wire.answers)} answers to {inputs} texts")
    if top_k > 1 and any(not answer.top for answer in wire.answers):
        raise not_an_answer(f"no list of classes where the likeliest {top_k} were asked for")
    try:
        answers = tuple(_answer(wire, answer) for answer in wire.answers)
        cost = _money(wire.usage.cost)
    except ConfigError as error:
        raise not_an_answer(error.message) from error
    return Batch(
        answers=answers,
        tokens=wire.usage.tokens,
        cost=cost,
        stages=wire.usage.stages,
        replayed=reply.headers.get("idempotency-replayed", "").lower() == "true",
    )


def parse(reply: Reply, model: type[W]) -> W:
    """The body as `model`; ConnectionFailedError that says which field is wrong."""
    try:
        return model.model_validate_json(reply.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise not_an_answer(f"{where}: {first['msg']}") from error


def not_an_answer(why: str) -> ConnectionFailedError:
    """The error for a reply that is none."""
    return ConnectionFailedError(
        f"the server's reply is not an answer: {why}",
        hint="is this the address of an undercut server, and of one no newer than the client?",
    )


def _answer(wire: _WirePredictions, answer: _WireAnswer) -> Answer:
    ranked = tuple(Ranked(one.label, one.confidence) for one in answer.top or ())
    return Answer(
        label=answer.label,
        confidence=answer.confidence,
        stage=answer.stage,
        cost=_money(answer.cost),
        top=ranked or (Ranked(answer.label, answer.confidence),),
        plan=wire.plan.digest,
        plan_name=wire.plan.name,
        request_id=wire.request_id,
    )


def _money(wire: WireMoney | None) -> Money | None:
    return None if wire is None else wire.money()
