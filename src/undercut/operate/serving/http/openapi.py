"""The OpenAPI 3.1 document, made from the table of routes."""

from __future__ import annotations

from dataclasses import dataclass

from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.refusal import Dialect
from undercut.operate.serving.http.routes import ROUTES, Route, Rule
from undercut.operate.serving.http.schemas import Schema, ref, schemas

_STATUSES = {
    400: "The request cannot be read",
    401: "No key, or one that is unknown, revoked or expired",
    403: "The key may not do this",
    404: "Unknown route or model",
    405: "Another method is meant",
    408: "The body came too slowly",
    409: "The Idempotency-Key was used with another body",
    413: "Too many bytes or texts",
    415: "Another media type is meant",
    422: "Well-formed, and asks for something that cannot be",
    429: "The caller's rate, quota or budget is used up; Retry-After says when to come back",
    503: "The server has as much to do as it allows itself; Retry-After says when to come back",
    504: "The answer would come after the deadline",
}
_ERRORS = {
    Dialect.NATIVE: "Error",
    Dialect.TEI: "TeiError",
    Dialect.OPEN_INFERENCE: "InferError",
}
_BATCH_EXAMPLE = '{"text": "where is my card?", "id": 1}\n"how do I change my PIN?"\n'


@dataclass(frozen=True, slots=True)
class _Words:
    summary: str
    description: str = ""
    answer: str = ""
    body: str = ""
    example: object = None


_WORDS = {
    "predict": _Words(
        "Answer one text or many",
        "Each answer says which stage gave it and what it cost; the reply names the plan. "
        "With an Idempotency-Key a repeat gets the first answer and costs nothing.",
        "PredictAnswer",
        "PredictRequest",
        {"inputs": ["where is my card?"], "top_k": 3},
    ),
    "batches": _Words(
        "Answer a stream of texts",
        'NDJSON (a string or {"text", "id"} a line) or CSV with a header up; NDJSON down, or CSV '
        "with `Accept: text/csv`: a line for each record in order. NDJSON ends with a summary, or "
        "with what stopped the batch; CSV that stopped ends with a row whose `error` begins with "
        "'stopped: '. Read while you write.",
    ),
    "usage": _Words("What your tenant used in a month", "", "MonthUsage"),
    "tei_predict": _Words(
        "Answer as text-embeddings-inference does",
        "A batch of single texts is a list of lists of one text; pairs are refused.",
        "TeiAnswer",
        "TeiRequest",
        {"inputs": "where is my card?"},
    ),
    "v2_server": _Words("Open Inference Protocol: the server", "", "Server"),
    "v2_live": _Words("Open Inference Protocol: alive", "", "Live"),
    "v2_ready": _Words("Open Inference Protocol: ready", "", "Ready"),
    "v2_model": _Words("Open Inference Protocol: the plan", "", "Model"),
    "v2_version": _Words("Open Inference Protocol: a version of the plan", "", "Model"),
    "v2_model_ready": _Words("Open Inference Protocol: the plan is ready", "", "ModelReady"),
    "v2_version_ready": _Words("Open Inference Protocol: a version is ready", "", "ModelReady"),
    "v2_infer": _Words(
        "Open Inference Protocol: answer texts",
        "One BYTES tensor in; label, confidence and stage out.",
        "InferAnswer",
        "InferRequest",
        {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["hello"]}]},
    ),
    "v2_version_infer": _Words(
        "Open Inference Protocol: answer texts by a version", "", "InferAnswer", "InferRequest"
    ),
    "live": _Words("The process answers", "", "Live"),
    "ready": _Words("New requests are wanted", "", "Ready"),
    "metrics": _Words("Prometheus metrics", "From this machine, or with an administrator's key."),
    "openapi": _Words("This document"),
    "docs": _Words("This document for people"),
}
_MEDIA = {
    "metrics": ("text/plain",),
    "docs": ("text/html",),
    "batches": ("application/x-ndjson", "text/csv"),
}


def openapi_document(limits: HttpLimits | None = None, version: str = "0") -> Schema:
    """The document for a server with these limits; version: of undercut."""
    limits = limits or HttpLimits()
    paths: dict[str, dict[str, object]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, limits)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "undercut",
            "version": version,
            "description": "Answers texts by a certified plan, and says what each answer cost.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas(limits),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, limits: HttpLimits) -> Schema:
    words = _WORDS[route.operation]
    found: Schema = {
        "operationId": route.operation,
        "summary": words.summary,
        "description": words.description,
        "parameters": _parameters(route, limits),
        "responses": _responses(route, words),
        "security": _security(route.rule),
        "x-undercut-rule": route.rule.value,
    }
    if route.reads_body:
        found["requestBody"] = _body(route, words)
    return found


def _security(rule: Rule) -> list[dict[str, list[str]]]:
    if rule is Rule.PUBLIC:
        return []
    return [{}, {"key": []}] if rule is Rule.LOCAL_OR_ADMIN else [{"key": []}]


def _body(route: Route, words: _Words) -> Schema:
    if route.streams:
        text: Schema = {"type": "string"}
        content: Schema = {
            "application/x-ndjson": {"schema": text, "example": _BATCH_EXAMPLE},
            "text/csv": {"schema": text, "example": "text,id\nwhere is my card?,1\n"},
        }
    else:
        media: Schema = {"schema": ref(words.body)}
        if words.example is not None:
            media["example"] = words.example
        content = {"application/json": media}
    return {"required": True, "content": content}


def _parameters(route: Route, limits: HttpLimits) -> list[Schema]:
    found: list[Schema] = []
    for name in ("name", "version"):
        if f"{{{name}}}" in route.path:
            found.append(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            )
    found.append(
        {
            "name": "X-Request-Id",
            "in": "header",
            "description": "Echoed where it is safe: at most 128 of A-Z a-z 0-9 . _ ~ : @ / + = -",
            "schema": {"type": "string"},
        }
    )
    if route.reads_body:
        key: Schema = {"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$"}
        found.append({"name": "Idempotency-Key", "in": "header", "schema": key})
    if route.streams:
        top_k: Schema = {"type": "integer", "minimum": 1, "maximum": limits.top_k}
        found.append({"name": "top_k", "in": "query", "schema": top_k})
        column: Schema = {"type": "string"}
        found.append({"name": "text_column", "in": "query", "schema": column})
    if route.operation == "usage":
        month: Schema = {"type": "string", "pattern": r"^2[01][0-9]{2}-(0[1-9]|1[0-2])$"}
        found.append({"name": "month", "in": "query", "schema": month})
    return found


def _responses(route: Route, words: _Words) -> Schema:
    kinds = _MEDIA.get(route.operation, ("application/json",))
    schema = ref(words.answer) if words.answer else {"type": _plain_type(kinds[0])}
    found: Schema = {
        "200": {
            "description": "OK",
            "headers": _headers("X-Request-Id", *_replay_header(route)),
            "content": {media: {"schema": schema} for media in kinds},
        }
    }
    error = {"application/json": {"schema": ref(_ERRORS[route.dialect])}}
    for status in _statuses(route):
        found[str(status)] = {
            "description": _STATUSES[status],
            "headers": _headers("X-Request-Id", *_error_headers(status)),
            "content": error,
        }
    return found


def _plain_type(media: str) -> str:
    return "object" if media == "application/json" else "string"


def _replay_header(route: Route) -> tuple[str, ...]:
    return ("Idempotency-Replayed",) if route.reads_body else ()


def _error_headers(status: int) -> tuple[str, ...]:
    if status in {429, 503}:
        return ("Retry-After",)
    return {401: ("WWW-Authenticate",), 405: ("Allow",)}.get(status, ())


def _headers(*names: str) -> Schema:
    return {name: {"schema": {"type": "string"}} for name in names}


def _statuses(route: Route) -> list[int]:
    found = {400, 405, 503}
    if route.rule is not Rule.PUBLIC:
        found |= {401, 403}
    if "{" in route.path:
        found.add(404)
    if route.reads_body:
        found |= {408, 409, 413, 415, 422, 429, 504}
    return sorted(found)
