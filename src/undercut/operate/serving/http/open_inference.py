"""Open Inference Protocol v2: health, metadata and infer for one plan.

The model is the plan, its version the first 16 digits of the plan's digest.
Source: kserve/open-inference-protocol, specification/protocol/inference_rest.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import orjson

from undercut.operate.serving.answering import Answered, PlanFacts
from undercut.operate.serving.http.exchange import Exchange, Reply
from undercut.operate.serving.http.json_body import invalid, kind, parse_object
from undercut.operate.serving.http.metered import Question
from undercut.operate.serving.http.predict import settled
from undercut.operate.serving.http.refusal import Refusal
from undercut.operate.serving.http.request_ids import LONGEST
from undercut.operate.serving.http.texts import check_texts

OUTPUTS: Mapping[str, str] = {"label": "BYTES", "confidence": "FP32", "stage": "BYTES"}
_VERSION_DIGITS = 16


async def server_metadata(exchange: Exchange) -> Reply:
    """GET /v2."""
    return _reply({"name": "undercut", "version": exchange.services.version, "extensions": []})


async def live(exchange: Exchange) -> Reply:
    """GET /v2/health/live."""
    return _reply({"live": True})


async def ready(exchange: Exchange) -> Reply:
    """GET /v2/health/ready; Refusal 503 while there is no plan, or the server is to stop."""
    check_ready(exchange)
    return _reply({"ready": True})


async def model_ready(exchange: Exchange) -> Reply:
    """GET /v2/models/{name}/ready."""
    plan = _named(exchange)
    check_ready(exchange)
    return _reply({"name": plan.name, "ready": True})


async def model_metadata(exchange: Exchange) -> Reply:
    """GET /v2/models/{name}."""
    plan = _named(exchange)
    return _reply(
        {
            "name": plan.name,
            "versions": [version_of(plan)],
            "platform": "undercut_plan",
            "inputs": [{"name": "text", "datatype": "BYTES", "shape": [-1]}],
            "outputs": [
                {"name": name, "datatype": datatype, "shape": [-1]}
                for name, datatype in OUTPUTS.items()
            ],
        }
    )


async def infer(exchange: Exchange) -> Reply:
    """POST /v2/models/{name}/infer."""
    _named(exchange)
    body = await exchange.body()
    fields = parse_object(body)
    texts = check_texts(_tensor(fields), exchange.services.limits, name="inputs[0].data")
    head = exchange.head
    question = Question(
        caller=exchange.known_caller,
        request_id=head.books_id,
        texts=texts,
        top_k=1,
        deadline=exchange.deadline(),
        render=_renderer(_id(fields) or head.request_id, _outputs(fields)),
        idempotency_key=head.idempotency_key,
        body_sha256=exchange.digest(body),
    )
    return await settled(exchange, question)


def version_of(plan: PlanFacts) -> str:
    """The plan's version in URLs and answers."""
    return plan.digest[:_VERSION_DIGITS]


def check_ready(exchange: Exchange) -> None:
    """Refusal 503 where no new requests are wanted."""
    if not exchange.services.readiness.ready:
        raise Refusal(503, "not_ready", "the server is starting or stopping")


def _named(exchange: Exchange) -> PlanFacts:
    plan = exchange.services.engine.plan
    name = exchange.parameters["name"]
    version = exchange.parameters.get("version", version_of(plan))
    if name != plan.name or version not in {version_of(plan), plan.digest}:
        raise Refusal(
            404,
            "unknown_model",
            "there is no such model or version here",
            hint=f"/v2/models/{plan.name}",
        )
    return plan


def _tensor(fields: dict[str, object]) -> list[object]:
    inputs = fields.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise invalid("inputs must be an array of exactly one tensor")
    tensor = inputs[0]
    if not isinstance(tensor.get("name"), str):
        raise invalid("inputs[0].name must be a string, such as 'text'")
    if tensor.get("datatype") != "BYTES":
        raise invalid("inputs[0].datatype must be BYTES", hint="texts, one in each element")
    data = tensor.get("data")
    if not isinstance(data, list):
        raise invalid(f"inputs[0].data must be an array of strings, got {kind(data)}")
    flat = _flat(data)
    if not _fits(tensor.get("shape"), len(flat)):
        raise invalid(f"inputs[0].shape must be [{len(flat)}] or [{len(flat)}, 1], as data has it")
    return flat


def _flat(data: list[object]) -> list[object]:
    """(n,) as it is; (n, 1) flattened. What is neither fails as a text later."""
    return [value[0] if isinstance(value, list) and len(value) == 1 else value for value in data]


def _fits(shape: object, count: int) -> bool:
    return (
        isinstance(shape, list)
        and not any(isinstance(size, bool) for size in shape)
        and shape in ([count], [count, 1])
    )


def _id(fields: dict[str, object]) -> str | None:
    value = fields.get("id")
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > LONGEST:
        raise invalid(f"id must be a string of at most {LONGEST} characters")
    return value


def _outputs(fields: dict[str, object]) -> list[str]:
    asked = fields.get("outputs")
    if asked is None:
        return list(OUTPUTS)
    if not isinstance(asked, list):
        raise invalid(f"outputs must be an array, got {kind(asked)}")
    names = [output.get("name") if isinstance(output, dict) else None for output in asked]
    if not all(isinstance(name, str) and name in OUTPUTS for name in names):
        raise invalid(f"outputs must name some of {', '.join(OUTPUTS)}")
    return list(dict.fromkeys(str(name) for name in names)) or list(OUTPUTS)


def _renderer(identifier: str, names: Iterable[str]) -> Callable[[Answered], bytes]:
    def render(answered: Answered) -> bytes:
        values: dict[str, list[object]] = {
            "label": [answer.label for answer in answered.answers],
            "confidence": [answer.confidence for answer in answered.answers],
            "stage": [answer.stage for answer in answered.answers],
        }
        shape = [len(answered.answers)]
        return orjson.dumps(
            {
                "model_name": answered.plan.name,
                "model_version": version_of(answered.plan),
                "id": identifier,
                "outputs": [
                    {
                        "name": name,
                        "datatype": OUTPUTS[name],
                        "shape": shape,
                        "data": values[name],
                    }
                    for name in names
                ],
            }
        )

    return render


def _reply(content: object) -> Reply:
    return Reply(orjson.dumps(content))
