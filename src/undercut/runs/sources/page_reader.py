"""Pages read in a process of their own, so that no page takes the memory or the time of the rest.

Finding the main text is quadratic in places: half a megabyte of short paragraphs takes minutes.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from datetime import date
from types import TracebackType
from typing import Any, Self

from undercut.build.data.web.page import Page
from undercut.core.errors import MissingExtraError

_START_SECONDS = 60.0
_REPLY_BYTES = 256 * 2**20


class PageError(Exception):
    """A page whose text cannot be had, with the reason in words."""


class PageReader:
    """One reading process, started on the first page and again after a page that ended it.

    seconds: the longest for one page. Use as a context manager, from one thread at a time.
    """

    def __init__(self, *, seconds: float = 20.0) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._warm = False

    def read(
        self,
        body: bytes,
        *,
        url: str | None = None,
        charset: str | None = None,
        robots_tag: str | None = None,
        plain: bool = False,
        ports: frozenset[int] | None = frozenset({80, 443}),
    ) -> Page:
        """As `build.data.web.page.read_page`, or `read_plain` where `plain`.

        Raises PageError for binary content and for a page beyond the bounds, MissingExtraError
        without trafilatura.
        """
        asked = {
            "bytes": len(body),
            "seconds": self._seconds + _START_SECONDS,
            "url": url,
            "charset": charset,
            "robots_tag": robots_tag,
            "plain": plain,
            "ports": None if ports is None else sorted(ports),
        }
        reply = self._exchange(json.dumps(asked).encode("ascii") + b"\n" + body)
        if "missing" in reply:
            raise MissingExtraError(reply["missing"], "data", "finding the main text of pages")
        if "problem" in reply:
            raise PageError(reply["problem"])
        return _page(reply)

    def end(self) -> None:
        """Give up the page being read, if any; may be called from another thread."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the process."""
        if self._process is None:
            return
        process, self._process = self._process, None
        self._warm = False
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _exchange(self, message: bytes) -> dict[str, Any]:
        process = self._started()
        # the first page also waits for the libraries to load
        patience = self._seconds + (0.0 if self._warm else _START_SECONDS)
        try:
            line = _sent_and_answered(process, message, seconds=patience)
        except TimeoutError:
            self.close()
            raise PageError(
                f"finding the main text took longer than {self._seconds:g} seconds"
            ) from None
        except OSError as error:
            self.close()
            raise PageError(f"the reading process ended: {error}") from None
        except BaseException:
            self.close()  # an unread answer would be taken for that of the next page
            raise
        if not line.endswith(b"\n"):
            self.close()
            raise PageError("reading the page ended its process: too much memory, or a crash")
        self._warm = True
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            # the child finds the same packages; Ctrl-C is for the parent to answer
            paths = os.pathsep.join(path for path in sys.path if path)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "undercut.runs.sources.page_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": paths},
                start_new_session=True,
                bufsize=0,
            )
        return self._process


def _sent_and_answered(
    process: subprocess.Popen[bytes], message: bytes, *, seconds: float
) -> bytes:
    """The answer's line, b"" or a part of it where the process ended; raises TimeoutError."""
    assert process.stdin is not None
    assert process.stdout is not None
    deadline = time.monotonic() + seconds
    os.set_blocking(process.stdin.fileno(), False)
    unsent = memoryview(message)
    answer = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdin, selectors.EVENT_WRITE)
        selector.register(process.stdout, selectors.EVENT_READ)
        while not answer.endswith(b"\n"):
            events = selector.select(max(0.0, deadline - time.monotonic()))
            if not events:
                raise TimeoutError
            for key, _ in events:
                if key.fileobj is process.stdin:
                    unsent = unsent[os.write(process.stdin.fileno(), unsent[:65536]) :]
                    if not unsent:
                        selector.unregister(process.stdin)
                elif not (part := os.read(process.stdout.fileno(), 1 << 20)):
                    return bytes(answer)
                else:
                    answer += part
                    if len(answer) > _REPLY_BYTES:
                        raise OSError("its answer is too long")
    return bytes(answer)


def _page(reply: dict[str, Any]) -> Page:
    published = reply.pop("published")
    links = tuple(reply.pop("links"))
    day = None if published is None else date.fromisoformat(published)
    return Page(**reply, links=links, published=day)
