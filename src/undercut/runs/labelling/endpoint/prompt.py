"""What an endpoint is asked: classes, examples, text; and how much that can cost at most."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from undercut.runs.labelling.endpoint.config import Constraint, EndpointConfig

Message = dict[str, str]

# Chat templates put a few marks around each message, and before the answer.
_TOKENS_PER_MESSAGE = 16
_TOKENS_AROUND = 64


def messages_for(
    text: str,
    *,
    classes: Sequence[str],
    examples: Sequence[tuple[str, str]],
    config: EndpointConfig,
) -> list[Message]:
    """System message with the classes, a turn an example, then the text."""
    listed = "\n".join(
        f"- {name}: {config.descriptions[name]}" if name in config.descriptions else f"- {name}"
        for name in classes
    )
    system = (
        f"{config.instructions}\nClasses:\n{listed}\n"
        'Answer with JSON and nothing else: {"label": "<one of the classes, as written>"}'
    )
    shown: list[Message] = [{"role": "system", "content": system}]
    for example, label in examples:
        shown.append({"role": "user", "content": example})
        shown.append({"role": "assistant", "content": answer_text(label)})
    return [*shown, {"role": "user", "content": text}]


def repair_for(messages: Sequence[Message], reply: str, *, classes: Sequence[str]) -> list[Message]:
    """The conversation so far, and what was wrong with its end."""
    choices = json.dumps(list(classes), ensure_ascii=False)
    return [
        *messages,
        {"role": "assistant", "content": reply[:400]},
        {
            "role": "user",
            "content": "That is not one of the classes. Answer only with JSON, for instance "
            f"{answer_text(classes[0])}, choosing from: {choices}",
        },
    ]


def answer_text(label: str) -> str:
    """The answer we want to read."""
    return json.dumps({"label": label}, ensure_ascii=False)


def most_tokens(messages: Sequence[Message]) -> int:
    """More tokens than any byte-level tokenizer makes of them: a token is at least a byte."""
    written = sum(len(message["content"].encode()) + _TOKENS_PER_MESSAGE for message in messages)
    return written + _TOKENS_AROUND


def constraint_fields(how: Constraint, classes: Sequence[str]) -> Mapping[str, Any]:
    """The fields of a request that hold the server to the classes.

    json_schema: OpenAI's, vLLM's. json_object: with a schema beside it, llama.cpp's.
    guided_choice, structured_choice: vLLM's older and newer own.
    """
    schema = {
        "type": "object",
        "properties": {"label": {"type": "string", "enum": list(classes)}},
        "required": ["label"],
        "additionalProperties": False,
    }
    match how:
        case Constraint.AUTO | Constraint.JSON_SCHEMA:
            named = {"name": "label", "strict": True, "schema": schema}
            return {"response_format": {"type": "json_schema", "json_schema": named}}
        case Constraint.JSON_OBJECT:
            return {"response_format": {"type": "json_object", "schema": schema}}
        case Constraint.GUIDED_CHOICE:
            return {"guided_choice": list(classes)}
        case Constraint.STRUCTURED_CHOICE:
            return {"structured_outputs": {"choice": list(classes)}}
        case Constraint.NONE:
            return {}
