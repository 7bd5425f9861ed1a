"""The process that reads pages: `python -m undercut.runs.sources.page_worker`.

Pages come on stdin, each as a line of JSON (with the length of the body) and the body; answers go
to stdout, a line of JSON each. The process may use so much memory and so much time for a page and
no more: it is the one to die of a page made to kill its reader.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import sys
from typing import Any, BinaryIO

from undercut.build.data.web.page import NoTextError, Page, read_page, read_plain
from undercut.build.data.web.urls import UrlRules
from undercut.core.errors import MissingExtraError

MEMORY_BYTES = 2 * 2**30


def main() -> None:
    """Answer until stdin ends."""
    _bound_memory()
    source, out = sys.stdin.buffer, sys.stdout.buffer
    with contextlib.redirect_stdout(sys.stderr):  # whatever a library prints is no answer
        while line := source.readline():
            asked = json.loads(line)
            body = source.read(asked["bytes"])
            _bound_time(asked["seconds"])
            reply = answer(asked, body)
            _bound_time(0)
            _send(out, reply)


def answer(asked: dict[str, Any], body: bytes) -> dict[str, Any]:
    """One page as JSON, or what is wrong with it."""
    try:
        return page_json(_read(asked, body))
    except NoTextError as error:
        return {"problem": str(error)}
    except MissingExtraError as error:
        return {"missing": error.package}
    except MemoryError:
        return {"problem": "reading the page takes too much memory"}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        # what hostile markup makes parsers raise; the page is reported, the next one is read
        return {"problem": f"the page cannot be read: {type(error).__name__}: {error}"[:300]}


def page_json(page: Page) -> dict[str, Any]:
    """A page as JSON types."""
    fields = dataclasses.asdict(page)
    fields["published"] = None if page.published is None else page.published.isoformat()
    return fields


def _read(asked: dict[str, Any], body: bytes) -> Page:
    if asked["plain"]:
        return read_plain(body, charset=asked["charset"])
    ports = asked["ports"]
    return read_page(
        body,
        url=asked["url"],
        charset=asked["charset"],
        robots_tag=asked["robots_tag"],
        rules=UrlRules(ports=None if ports is None else frozenset(ports)),
    )


def _send(out: BinaryIO, reply: dict[str, Any]) -> None:
    out.write(json.dumps(reply).encode("ascii") + b"\n")
    out.flush()


def _bound_memory() -> None:
    if sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _bound_time(seconds: float) -> None:
    # the default action of the alarm ends the process also where Python code never runs; the
    # parent waits less long, so this is for the case that the parent is gone
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
