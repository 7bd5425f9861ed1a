"""JSON bodies, strictly: UTF-8, no NaN, no lone surrogates, bounded depth; refusals say where."""

from __future__ import annotations

from collections.abc import Collection

import orjson

from undercut.operate.serving.http.refusal import Refusal

LEAST_SECONDS = 0.001


def parse_object(body: bytes) -> dict[str, object]:
    """A JSON object; Refusal 400 where it is no JSON, 422 where it is no object."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise not_json(body, error) from None
    if not isinstance(value, dict):
        raise invalid(f"the body must be a JSON object, got {kind(value)}")
    return value


def not_json(body: bytes, error: orjson.JSONDecodeError) -> Refusal:
    """Refusal 400; the message quotes nothing of the body."""
    reason = "it is empty" if not body else f"{error.msg} at character {error.pos}"
    return Refusal(
        400, "invalid_json", f"the body is not JSON in UTF-8: {reason}", hint='{"inputs": ["text"]}'
    )


def only(fields: Collection[str], known: Collection[str]) -> None:
    """Refusal 422 for a field that is not known: a typing error would silently change nothing."""
    for name in fields:
        if name not in known:
            # its name is not repeated: it may be a text that slipped
            raise invalid(
                f"a field is unknown; known are {', '.join(sorted(known))}",
                hint="check the spelling, or leave it out",
            )


def whole_number(
    fields: dict[str, object], name: str, default: int, *, least: int, most: int
) -> int:
    """An integer field within bounds; Refusal 422."""
    value = fields.get(name, default)
    # JSON Schema counts 1.0 as an integer, and so do clients written in JavaScript
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise invalid(f"{name} must be a whole number from {least} to {most}, got {shown(value)}")
    return value


def seconds(fields: dict[str, object], name: str, default: float, *, most: float) -> float:
    """A number of seconds from a thousandth to a bound; Refusal 422."""
    value = fields.get(name)
    if value is None:
        return default
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not LEAST_SECONDS <= value <= most
    ):
        raise invalid(
            f"{name} must be a number from {LEAST_SECONDS} to {most:g}, got {shown(value)}"
        )
    return float(value)


def flag(fields: dict[str, object], name: str) -> bool:
    """A boolean field, false where it is missing; Refusal 422."""
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise invalid(f"{name} must be true or false, got {kind(value)}")
    return value


def shown(value: object) -> str:
    """A number as it is, anything else by its kind: texts are never repeated."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}"
    return kind(value)


def kind(value: object) -> str:
    """What JSON calls a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"


def invalid(message: str, *, hint: str | None = None, position: int | None = None) -> Refusal:
    """Refusal 422: well-formed JSON that asks for something that cannot be."""
    return Refusal(422, "invalid_request", message, hint=hint, position=position)
