"""JSON schemas of what goes in and out, for the OpenAPI document."""

from __future__ import annotations

from undercut.operate.serving.http.json_body import LEAST_SECONDS
from undercut.operate.serving.http.limits import HttpLimits

Schema = dict[str, object]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_FRACTION: Schema = {"type": "number", "minimum": 0, "maximum": 1}


def ref(name: str) -> Schema:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Schema, **more: object) -> Schema:
    """An array of such items."""
    return {"type": "array", "items": items, **more}


def record(fields: dict[str, Schema], *optional: str, closed: bool = False) -> Schema:
    """An object; fields are required but those named after them."""
    required = [name for name in fields if name not in optional]
    found: Schema = {"type": "object", "properties": fields}
    if required:
        found["required"] = required
    if closed:
        found["additionalProperties"] = False
    return found


def nullable(schema: Schema) -> Schema:
    """The same, or null."""
    return {"oneOf": [schema, {"type": "null"}]}


def schemas(limits: HttpLimits) -> dict[str, Schema]:
    """All of them, with the limits of a server."""
    text: Schema = {
        "type": "string",
        "maxLength": limits.text_characters,
        "pattern": r"^[^\u0000]*$",
    }
    texts = array(text, minItems=1, maxItems=limits.inputs)
    return {**_requests(limits, text, texts), **_answers(), **_errors()}


def _requests(limits: HttpLimits, text: Schema, texts: Schema) -> dict[str, Schema]:
    longest = limits.longest_deadline_seconds
    single = array(text, minItems=1, maxItems=1)
    tensor = record(
        {
            "name": _TEXT,
            "shape": array(_COUNT, minItems=1, maxItems=2),
            "datatype": {"const": "BYTES"},
            "data": {"oneOf": [texts, array(single, minItems=1, maxItems=limits.inputs)]},
        }
    )
    output = record({"name": {"enum": ["label", "confidence", "stage"]}})
    return {
        "PredictRequest": record(
            {
                "inputs": {"oneOf": [text, texts]},
                "top_k": {"type": "integer", "minimum": 1, "maximum": limits.top_k, "default": 1},
                "deadline_seconds": nullable(
                    {"type": "number", "minimum": LEAST_SECONDS, "maximum": longest}
                ),
            },
            "top_k",
            "deadline_seconds",
            closed=True,
        ),
        "TeiRequest": record(
            {
                "inputs": {
                    "oneOf": [
                        text,
                        single,
                        array(single, minItems=1, maxItems=limits.inputs),
                    ]
                },
                "raw_scores": {"type": "boolean", "default": False},
                "truncate": {"type": "boolean", "default": False},
            },
            "raw_scores",
            "truncate",
        ),
        "InferRequest": record(
            {
                "id": nullable({"type": "string", "maxLength": 128}),
                "inputs": array(tensor, minItems=1, maxItems=1),
                "outputs": nullable(array(output)),
            },
            "id",
            "outputs",
        ),
    }


def _answers() -> dict[str, Schema]:
    scored = record({"label": _TEXT, "confidence": _FRACTION})
    answer: dict[str, Schema] = {
        "label": _TEXT,
        "confidence": _FRACTION,
        "stage": _TEXT,
        "cost": nullable(ref("Money")),
        "top": array(scored),
    }
    tei: Schema = {"oneOf": [array(ref("TeiScore")), array(array(ref("TeiScore")))]}
    output = record(
        {
            "name": _TEXT,
            "datatype": {"enum": ["BYTES", "FP32"]},
            "shape": array(_COUNT),
            "data": array({"type": ["string", "number"]}),
        }
    )
    tensor = record({"name": _TEXT, "datatype": _TEXT, "shape": array({"type": "integer"})})
    return {
        "Money": record(
            {
                "amount": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            }
        ),
        "Plan": record({"name": _TEXT, "digest": _TEXT}),
        "Answer": record(answer, "top"),
        "Usage": record(
            {
                "inputs": _COUNT,
                "tokens": _COUNT,
                "stages": {"type": "object", "additionalProperties": _COUNT},
                "cost": nullable(ref("Money")),
            }
        ),
        "PredictAnswer": record(
            {
                "request_id": _TEXT,
                "plan": ref("Plan"),
                "answers": array(ref("Answer")),
                "usage": ref("Usage"),
            }
        ),
        "TeiScore": record({"score": {"type": "number"}, "label": _TEXT}),
        "TeiAnswer": tei,
        "InferAnswer": record(
            {
                "model_name": _TEXT,
                "model_version": _TEXT,
                "id": _TEXT,
                "outputs": array(output),
            }
        ),
        "Server": record({"name": _TEXT, "version": _TEXT, "extensions": array(_TEXT)}),
        "Model": record(
            {
                "name": _TEXT,
                "versions": array(_TEXT),
                "platform": _TEXT,
                "inputs": array(tensor),
                "outputs": array(tensor),
            }
        ),
        "Live": record({"live": {"const": True}}),
        "Ready": record({"ready": {"const": True}}),
        "ModelReady": record({"name": _TEXT, "ready": {"const": True}}),
        "MonthUsage": record(
            {
                "tenant": _TEXT,
                "month": _TEXT,
                "requests": _COUNT,
                "inputs": _COUNT,
                "tokens": _COUNT,
                "stages": {"type": "object", "additionalProperties": _COUNT},
                "costs": array(ref("Money")),
                "unknown_cost_inputs": _COUNT,
            }
        ),
    }


def _errors() -> dict[str, Schema]:
    fields = record(
        {
            "code": _TEXT,
            "message": _TEXT,
            "hint": {"type": ["string", "null"]},
            "request_id": _TEXT,
            "retry_after_seconds": {"type": ["number", "null"]},
            "position": _COUNT,
        },
        "position",
    )
    return {
        "Error": record({"error": fields}),
        "TeiError": record(
            {
                "error": _TEXT,
                "error_type": {"enum": ["Validation", "Overloaded", "Backend"]},
                "code": _TEXT,
                "request_id": _TEXT,
            }
        ),
        "InferError": record({"error": _TEXT, "code": _TEXT, "request_id": _TEXT}),
    }
