"""One request as it goes over the wire, the same bytes at every attempt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from urllib.parse import quote

from undercut.client.answers import Batch
from undercut.client.replies import Reply, read_predictions
from undercut.core.errors import ConfigError

T = TypeVar("T")
MOST_TOP: Final = 10_000
# A server takes 200 characters; the number of a request comes behind the key.
MOST_KEY: Final = 180
# Of an attempt's time, for the server; the rest is for the way there and back, so that its own
# word that it is too late arrives in time.
SERVER_SHARE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request and how to read its reply.

    The body is fixed before the first attempt: a server takes a repeat of an idempotency key with
    another body for another request. repeatable: asking twice cannot be counted twice.
    """

    method: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]
    repeatable: bool
    read: Callable[[Reply], T] = field(repr=False)
    idempotency_key: str | None = None


def predict_call(
    texts: Sequence[bytes], *, top_k: int, attempt_seconds: float, key: str | None
) -> Call[Batch]:
    """POST /v1/predict for texts that are JSON already; key: idempotency key, None for none."""
    count = len(texts)
    head = b'{"inputs":[' + b",".join(texts)
    tail = f'],"top_k":{top_k},"deadline_seconds":{attempt_seconds * SERVER_SHARE:g}}}'
    headers = {"Content-Type": "application/json"}
    if key is not None:
        headers["Idempotency-Key"] = key
    return Call(
        method="POST",
        path="/v1/predict",
        body=head + tail.encode("ascii"),
        headers=headers,
        repeatable=key is not None,
        read=lambda reply: read_predictions(reply, inputs=count, top_k=top_k),
        idempotency_key=key,
    )


def checked_top_k(top_k: int) -> int:
    """`top_k` if it is a whole number of classes, else ConfigError."""
    if isinstance(top_k, bool) or not isinstance(top_k, int) or not 1 <= top_k <= MOST_TOP:
        raise ConfigError(f"top_k must be a whole number from 1 to {MOST_TOP}, got {top_k!r}")
    return top_k


def checked_key(key: str | None) -> str | None:
    """An idempotency key that can stand in a header, else ConfigError."""
    if key is None:
        return None
    if not isinstance(key, str) or not 1 <= len(key) <= MOST_KEY or quote(key, safe=_SAFE) != key:
        raise ConfigError(
            f"not an idempotency key: {key!r}; expected 1 to {MOST_KEY} letters, digits, - _ . :",
            hint="an order's or a job's number, or nothing: then each call makes its own",
        )
    return key


_SAFE: Final = ":"
