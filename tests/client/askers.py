"""Both clients behind one face, so that every test of behaviour runs on each."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from undercut.client import Answer, AsyncClient, Client, ClientConfig, MonthUsage
from undercut.client.timing import AsyncTiming, SyncTiming

T = TypeVar("T")


@dataclass
class QuickTiming(SyncTiming):
    """The real clock, but waiting costs no time: it only moves the clock on."""

    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return super().monotonic() + sum(self.slept)

    def uniform(self) -> float:
        return 0.5

    def sleep(self, seconds: float, stop: threading.Event) -> None:
        self.slept.append(seconds)


@dataclass
class QuickAsyncTiming(AsyncTiming):
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return super().monotonic() + sum(self.slept)

    def uniform(self) -> float:
        return 0.5

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class SyncAsker:
    """Asks with `Client`."""

    def __init__(self, url: str, **config: Any) -> None:
        self.timing = QuickTiming()
        self._key = config.pop("key", None)
        self._url, self._config = url, ClientConfig(**config)

    def _client(self) -> Client:
        return Client(self._url, key=self._key, config=self._config, timing=self.timing)

    def predict(self, texts: Any, **options: Any) -> Any:
        with self._client() as client:
            return client.predict(texts, **options)

    def predict_many(self, texts: Iterable[str], **options: Any) -> list[Answer]:
        with self._client() as client:
            return list(client.predict_many(texts, **options))

    def predict_csv(self, source: Path, target: Path, **options: Any) -> int:
        with self._client() as client:
            return client.predict_csv(source, target, **options)

    def usage(self, month: str | None = None) -> MonthUsage:
        with self._client() as client:
            return client.usage(month)


class AsyncAsker:
    """Asks with `AsyncClient`."""

    def __init__(self, url: str, **config: Any) -> None:
        self.timing = QuickAsyncTiming()
        self._key = config.pop("key", None)
        self._url, self._config = url, ClientConfig(**config)

    def _run(self, use: Callable[[AsyncClient], Awaitable[T]]) -> T:
        async def main() -> T:
            async with AsyncClient(
                self._url, key=self._key, config=self._config, timing=self.timing
            ) as client:
                return await use(client)

        return asyncio.run(main())

    def predict(self, texts: Any, **options: Any) -> Any:
        return self._run(lambda client: client.predict(texts, **options))

    def predict_many(self, texts: Iterable[str], **options: Any) -> list[Answer]:
        async def everything(client: AsyncClient) -> list[Answer]:
            return [answer async for answer in client.predict_many(texts, **options)]

        return self._run(everything)

    def predict_csv(self, source: Path, target: Path, **options: Any) -> int:
        return self._run(lambda client: client.predict_csv(source, target, **options))

    def usage(self, month: str | None = None) -> MonthUsage:
        return self._run(lambda client: client.usage(month))
