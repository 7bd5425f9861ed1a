"""POST /predict: as text-embeddings-inference's router answers for classifiers.

There a string, or a list of one string, is one text; a list of two strings is a pair; a batch is a
list of lists. A pair is refused: a plan reads single texts.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import orjson

from undercut.operate.serving.answering import Answered, TextAnswer
from undercut.operate.serving.http.exchange import Exchange, Reply
from undercut.operate.serving.http.json_body import flag, invalid, kind, parse_object
from undercut.operate.serving.http.metered import Question
from undercut.operate.serving.http.predict import settled
from undercut.operate.serving.http.texts import check_texts

_SMALLEST = 1e-12


async def tei_predict(exchange: Exchange) -> Reply:
    """All classes with their scores, likeliest first; a list of such lists for a batch."""
    body = await exchange.body()
    fields = parse_object(body)
    values, batch = _inputs(fields.get("inputs"))
    texts = check_texts(values, exchange.services.limits, name="inputs")
    raw = flag(fields, "raw_scores")
    flag(fields, "truncate")
    head = exchange.head
    question = Question(
        caller=exchange.known_caller,
        request_id=head.books_id,
        texts=texts,
        top_k=len(exchange.services.engine.plan.classes),
        deadline=exchange.deadline(),
        render=_renderer(batch=batch, raw=raw),
        idempotency_key=head.idempotency_key,
        body_sha256=exchange.digest(body),
    )
    return await settled(exchange, question)


def _inputs(inputs: object) -> tuple[list[object], bool]:
    """Texts, and whether they came as a batch; Refusal 422 for pairs."""
    if isinstance(inputs, str):
        return [inputs], False
    if not isinstance(inputs, list) or not inputs:
        raise invalid(f"inputs must be a string or a non-empty array, got {kind(inputs)}")
    if isinstance(inputs[0], list):
        return [_single(value, position) for position, value in enumerate(inputs)], True
    if len(inputs) == 1:
        return inputs, False
    raise _pair(None)


def _single(value: object, position: int) -> object:
    if not isinstance(value, list):
        raise invalid(f"inputs[{position}] must be an array of one string", position=position)
    if len(value) != 1:
        raise _pair(position)
    return value[0]


def _pair(position: int | None) -> Exception:
    return invalid(
        "inputs holds a pair of texts; this plan reads single texts",
        hint='a batch of single texts is [["one"], ["two"]]',
        position=position,
    )


def _renderer(*, batch: bool, raw: bool) -> Callable[[Answered], bytes]:
    def render(answered: Answered) -> bytes:
        scores = [_scores(answer, raw=raw) for answer in answered.answers]
        return orjson.dumps(scores if batch else scores[0])

    return render


def _scores(answer: TextAnswer, *, raw: bool) -> list[dict[str, object]]:
    return [
        # log-probabilities are logits: their softmax is the scores
        {"score": math.log(max(score, _SMALLEST)) if raw else score, "label": label}
        for label, score in answer.top
    ]
