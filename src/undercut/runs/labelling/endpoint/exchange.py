"""One question over HTTP: tries again where that may help, and learns what a server takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from undercut.core.errors import ConfigError, ConnectionFailedError
from undercut.runs.labelling.endpoint.config import Constraint, EndpointConfig
from undercut.runs.labelling.endpoint.prompt import Message, constraint_fields

_FIRST_WAIT_SECONDS = 0.5
_DOWN_AFTER = 3
_LADDER = (Constraint.JSON_SCHEMA, Constraint.JSON_OBJECT, Constraint.NONE)
# Said of one text that a server will not take, or of every request where settings are wrong.
_OF_THE_REQUEST = (400, 413, 422)
_CONSTRAINT_WORDS = (
    "response_format",
    "json_schema",
    "json_object",
    "guided",
    "structured_outputs",
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server sent. text: None where it sent no usable message. tokens: as it counted."""

    text: str | None
    tokens_in: int | None
    tokens_out: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The server said no before answering: nothing was paid."""

    why: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection broke after the request left: it may have been answered and counted."""

    why: str


@dataclass(frozen=True, slots=True)
class Declined:
    """The server takes questions, but not this one (its rules on content, its length): not paid."""

    why: str


@dataclass(frozen=True, slots=True)
class _Dialect:
    constraint: Constraint
    tokens_name: str = "max_tokens"
    temperature: bool = True


class Exchange:
    """Posts to one endpoint. Threads share it: what one learns of the server, all keep."""

    def __init__(
        self,
        config: EndpointConfig,
        *,
        key: str | None,
        answered: bool = False,
    ) -> None:
        """answered: whether this server has answered such questions before."""
        self._config = config
        self._key = key
        self._answers = answered
        self._lock = threading.Lock()
        self._halted = threading.Event()
        self._given_up = 0
        self._not_before = 0.0
        first = _LADDER[0] if config.constrain is Constraint.AUTO else config.constrain
        self._dialect = _Dialect(first, temperature=config.temperature is not None)
        self._client = httpx.Client(
            timeout=httpx.Timeout(
                config.timeout_seconds, connect=min(10.0, config.timeout_seconds)
            ),
            limits=httpx.Limits(max_connections=config.concurrency),
            headers={"authorization": f"Bearer {key}"} if key else {},
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def begin(self) -> None:
        """Try again as the settings say, after a `halt` too."""
        self._halted.clear()

    def halt(self) -> None:
        """Try nothing again: whoever waits for a turn or a retry stops waiting."""
        self._halted.set()

    def replied(self) -> None:
        """A question got its reply: the server is there."""
        with self._lock:
            self._given_up = 0
            self._answers = True

    def gave_up(self, why: str) -> None:
        """A question got no reply for good.

        Raises ConnectionFailedError when that happens to several on end: the next would get none
        either, and an abstention that says nothing of its text is not asked again.
        """
        if self._halted.is_set():
            return
        with self._lock:
            self._given_up += 1
            down = self._given_up >= _DOWN_AFTER
        if down:
            raise ConnectionFailedError(
                f"{self._address()}: {_DOWN_AFTER} questions on end got no reply:"
                f" {self._safe(why)[:300]}",
                hint="undercut label resume FOLDER, when the server answers again; what was"
                " answered is kept",
            )

    def ask(
        self, messages: Sequence[Message], *, classes: Sequence[str]
    ) -> Reply | Refused | Declined | Lost:
        """The server's reply, after as many tries as the settings allow.

        Raises ConfigError where no try can help: a wrong key, address or model.
        """
        tries = 0
        while True:
            self._wait_for_turn()
            dialect = self._dialect
            result, wait = self._once(self._body(messages, classes, dialect), dialect)
            if result is None:
                continue  # the server told us how it wants to be asked
            if isinstance(result, Reply | Declined | Lost) or tries >= self._config.retries:
                return result
            if self._halted.is_set():
                return result
            tries += 1
            self._hold(_FIRST_WAIT_SECONDS * 2 ** (tries - 1) if wait is None else wait)

    def _body(
        self, messages: Sequence[Message], classes: Sequence[str], dialect: _Dialect
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._config.model,
            "messages": list(messages),
            dialect.tokens_name: self._config.answer_tokens,
            **constraint_fields(dialect.constraint, classes),
        }
        if dialect.temperature:
            body["temperature"] = self._config.temperature
        return {**body, **self._config.extra}

    def _once(
        self, body: Mapping[str, Any], dialect: _Dialect
    ) -> tuple[Reply | Refused | Declined | Lost | None, float | None]:
        started = time.monotonic()
        url = f"{self._config.url.rstrip('/')}/chat/completions"
        try:
            response = self._client.post(url, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Refused(f"cannot be reached: {self._safe(str(error))}"), None
        except httpx.TransportError as error:
            return Lost(f"{type(error).__name__}: {self._safe(str(error))}"), None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise self._hopeless(str(error)) from error
        if response.is_success:
            return self._reply(response, time.monotonic() - started), None
        return self._refusal(response, dialect)

    def _reply(self, response: httpx.Response, seconds: float) -> Reply:
        try:
            content = response.json()
            text = content["choices"][0]["message"]["content"]
            usage = content.get("usage") or {}
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            return Reply(None, None, None, seconds)
        counts = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
        whole = [n if isinstance(n, int) and not isinstance(n, bool) else None for n in counts]
        return Reply(text if isinstance(text, str) else None, whole[0], whole[1], seconds)

    def _refusal(
        self, response: httpx.Response, dialect: _Dialect
    ) -> tuple[Refused | Declined | None, float | None]:
        said = self._safe(response.text)
        why = f"HTTP {response.status_code}: {said[:300]}"
        if response.status_code in (401, 403, 404):
            raise self._hopeless(why)
        if response.status_code in (400, 422, 500) and self._learn(said.casefold(), dialect):
            return None, None
        if response.status_code in (408, 409, 425, 429) or response.status_code >= 500:
            return Refused(why), _retry_after(response)
        if response.status_code in _OF_THE_REQUEST and self._answers:
            return Declined(why), None
        raise self._hopeless(why)

    def _learn(self, said: str, dialect: _Dialect) -> bool:
        """Whether the complaint is about a field that we can do without or name otherwise."""
        wanted = dialect
        if dialect.tokens_name == "max_tokens" and "max_completion_tokens" in said:
            wanted = replace(dialect, tokens_name="max_completion_tokens")
        elif dialect.temperature and "temperature" in said:
            wanted = replace(dialect, temperature=False)
        elif self._config.constrain is Constraint.AUTO and any(
            word in said for word in _CONSTRAINT_WORDS
        ):
            at = _LADDER.index(dialect.constraint)
            wanted = replace(dialect, constraint=_LADDER[min(at + 1, len(_LADDER) - 1)])
        with self._lock:
            if wanted != dialect and self._dialect == dialect:
                self._dialect = wanted
            return self._dialect != dialect

    def _wait_for_turn(self) -> None:
        """Until the end of the wait that stands now.

        Not of one that begins meanwhile: who asks first would make the others wait through all of
        its own tries, and then through theirs.
        """
        wait = self._not_before - time.monotonic()
        if wait > 0:
            self._halted.wait(wait)

    def _hold(self, seconds: float) -> None:
        """Nobody asks for a while: a server that is behind is not helped by the other threads."""
        until = time.monotonic() + min(max(seconds, 0.0), self._config.longest_wait_seconds)
        with self._lock:
            self._not_before = max(self._not_before, until)

    def _hopeless(self, why: str) -> ConfigError:
        names = self._config
        hint = f"check url {self._address()!r} and model {names.model!r}"
        if names.key_env:
            hint += f", and the key in the environment variable {names.key_env}"
        return ConfigError(f"the endpoint refuses: {self._safe(why)}", hint=hint)

    def _address(self) -> str:
        """The url without the name and password that may stand in it."""
        parts = urlsplit(self._config.url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    def _safe(self, text: str) -> str:
        """Without the key, which some servers repeat in their errors."""
        return text.replace(self._key, "***") if self._key else text


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks for: as a number or as a date."""
    said = response.headers.get("retry-after", "")
    try:
        return float(said)
    except ValueError:
        pass
    try:
        return (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
