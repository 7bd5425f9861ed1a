"""Texts to be answered, checked one by one."""

from __future__ import annotations

from collections.abc import Sequence

from undercut.operate.serving.http.json_body import invalid, kind
from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.refusal import Refusal


def check_texts(values: Sequence[object], limits: HttpLimits, *, name: str) -> list[str]:
    """The values as texts; Refusal 422 with the position of the first that is none, or too long."""
    if not values:
        raise invalid(f"{name} is empty; expected at least one text")
    if len(values) > limits.inputs:
        raise Refusal(
            422,
            "too_many_inputs",
            f"{name} has {len(values)} texts; the limit is {limits.inputs}",
            hint="several requests, or POST /v1/batches, which streams",
        )
    return [
        check_text(value, limits, name=name, position=position)
        for position, value in enumerate(values)
    ]


def check_text(value: object, limits: HttpLimits, *, name: str, position: int) -> str:
    """The value as a text; Refusal 422 with its position."""
    if not isinstance(value, str):
        raise invalid(
            f"{name}[{position}] is {kind(value)}, expected a string",
            hint="leave missing texts out, or send ''",
            position=position,
        )
    if len(value) > limits.text_characters:
        raise Refusal(
            422,
            "text_too_long",
            f"{name}[{position}] has {len(value)} characters; the limit is "
            f"{limits.text_characters}",
            hint="cut it: models read its beginning only",
            position=position,
        )
    if "\0" in value:
        raise invalid(
            f"{name}[{position}] holds a NUL character",
            hint="remove it: texts do not have any",
            position=position,
        )
    return value
