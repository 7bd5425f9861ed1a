"""A logical call, whatever its size, as the requests it is made of."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence

from undercut.client.answers import Batch
from undercut.client.calls import Call, checked_key, checked_top_k, predict_call
from undercut.client.settings import ClientConfig
from undercut.client.splitting import Splitter, encode_text, split
from undercut.core.errors import ConfigError, InputError


class Job:
    """Makes the requests of one `predict` or `predict_many`, numbered from 0.

    key: the caller's own idempotency key: the first request carries it, the following ones
    key/1, key/2 ..., so that the same job asked again after a crash finds every request that was
    answered. None: each request gets a random one, or none where the config says so.
    Raises ConfigError for a wrong top_k, key or deadline.
    """

    def __init__(
        self, config: ClientConfig, *, top_k: int, key: str | None, deadline_seconds: float | None
    ) -> None:
        self._config = config
        self._top_k = checked_top_k(top_k)
        self._key = checked_key(key)
        if key is not None and not config.idempotency:
            raise ConfigError("an idempotency key was given to a client that sends none")
        if deadline_seconds is not None and not deadline_seconds > 0:
            raise ConfigError(f"deadline_seconds must be above 0, got {deadline_seconds!r}")
        self.deadline_seconds = deadline_seconds
        self._made = 0

    def splitter(self) -> Splitter:
        """For texts that come one at a time."""
        return Splitter(inputs=self._config.request_inputs, limit_bytes=self._config.request_bytes)

    def calls(self, texts: Iterable[object]) -> Iterator[Call[Batch]]:
        """The requests for these texts, each made when it is asked for."""
        config = self._config
        for part in split(texts, inputs=config.request_inputs, limit_bytes=config.request_bytes):
            yield self.call(part)

    def call(self, encoded: Sequence[bytes]) -> Call[Batch]:
        """The next request."""
        number, self._made = self._made, self._made + 1
        attempt = self._config.timeout_seconds
        if self.deadline_seconds is not None:
            attempt = min(attempt, self.deadline_seconds)
        return predict_call(
            encoded, top_k=self._top_k, attempt_seconds=attempt, key=self._key_of(number)
        )

    def until(self, started: float, now: float) -> float:
        """When a request that begins now must be done, in a job that began at `started`."""
        own = now + self._config.deadline_seconds
        if self.deadline_seconds is None:
            return own
        return min(own, started + self.deadline_seconds)

    def _key_of(self, number: int) -> str | None:
        if not self._config.idempotency:
            return None
        if self._key is None:
            return uuid.uuid4().hex
        return self._key if number == 0 else f"{self._key}/{number}"


def checked_texts(texts: object) -> list[str]:
    """All texts, checked before the first is sent; InputError for what is none."""
    if isinstance(texts, bytes | bytearray) or not isinstance(texts, Iterable):
        raise InputError(f"expected a string or strings, got {type(texts).__name__}")
    found = list(texts)
    for position, text in enumerate(found):
        encode_text(text, position)
    return found
