"""POST /v1/predict: one text or many, the native way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from undercut.core.money import Money, exact
from undercut.operate.serving.answering import Answered, PlanFacts, TextAnswer
from undercut.operate.serving.http.exchange import REPLAYED, Exchange, Reply
from undercut.operate.serving.http.json_body import (
    invalid,
    kind,
    only,
    parse_object,
    seconds,
    whole_number,
)
from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.metered import Question
from undercut.operate.serving.http.texts import check_texts

_FIELDS = frozenset({"inputs", "top_k", "deadline_seconds"})


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """A body that was checked."""

    texts: list[str]
    top_k: int
    deadline_seconds: float


async def predict(exchange: Exchange) -> Reply:
    """Answer and record, then reply."""
    body = await exchange.body()
    limits = exchange.services.limits
    asked = parse_predict(body, limits)
    head = exchange.head
    question = Question(
        caller=exchange.known_caller,
        request_id=head.books_id,
        texts=asked.texts,
        top_k=asked.top_k,
        deadline=exchange.deadline(asked.deadline_seconds),
        render=_renderer(head.books_id, asked.top_k),
        idempotency_key=head.idempotency_key,
        body_sha256=exchange.digest(body),
    )
    return await settled(exchange, question)


async def settled(exchange: Exchange, question: Question) -> Reply:
    """The reply to a question, with a header where it is an earlier answer."""
    recorded = await exchange.services.till.settle(question, exchange.hang_up)
    if recorded.repeat:
        exchange.services.counters.replays += 1
        return Reply(recorded.answer, headers=REPLAYED, inputs=len(question.texts))
    return Reply(recorded.answer, inputs=len(question.texts))


def parse_predict(body: bytes, limits: HttpLimits) -> PredictRequest:
    """The body, checked; Refusal 400, 413 or 422."""
    fields = parse_object(body)
    only(fields, _FIELDS)
    if "inputs" not in fields:
        raise invalid("the field inputs is missing", hint='{"inputs": ["text"]}')
    inputs = fields["inputs"]
    if isinstance(inputs, str):
        inputs = [inputs]
    if not isinstance(inputs, list):
        raise invalid(f"inputs must be a string or an array of strings, got {kind(inputs)}")
    return PredictRequest(
        texts=check_texts(inputs, limits, name="inputs"),
        top_k=whole_number(fields, "top_k", 1, least=1, most=limits.top_k),
        deadline_seconds=seconds(
            fields,
            "deadline_seconds",
            limits.deadline_seconds,
            most=limits.longest_deadline_seconds,
        ),
    )


def _renderer(request_id: str, top_k: int) -> Callable[[Answered], bytes]:
    return lambda answered: render_answered(request_id, answered, top_k)


def render_answered(request_id: str, answered: Answered, top_k: int) -> bytes:
    """The body of the reply."""
    return orjson.dumps(
        {
            "request_id": request_id,
            "plan": plan_fields(answered.plan),
            "answers": [answer_fields(answer, top_k) for answer in answered.answers],
            "usage": {
                "inputs": len(answered.answers),
                "tokens": answered.tokens,
                "stages": dict(answered.stages),
                "cost": money_fields(answered.cost),
            },
        }
    )


def answer_fields(answer: TextAnswer, top_k: int) -> dict[str, object]:
    """One answer; the likeliest classes only where more than one was asked for."""
    fields: dict[str, object] = {
        "label": answer.label,
        "confidence": answer.confidence,
        "stage": answer.stage,
        "cost": money_fields(answer.cost),
    }
    if top_k > 1:
        fields["top"] = [
            {"label": label, "confidence": confidence} for label, confidence in answer.top
        ]
    return fields


def plan_fields(plan: PlanFacts) -> dict[str, str]:
    """Name and version of the plan that answered."""
    return {"name": plan.name, "digest": plan.digest}


def money_fields(money: Money | None) -> dict[str, str] | None:
    """An amount in plain digits and its currency; null where the cost is unknown."""
    if money is None:
        return None
    return {"amount": exact(money.amount), "currency": money.currency}
