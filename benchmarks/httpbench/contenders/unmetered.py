"""The same server without books: nothing is admitted, recorded or replayed.

python unmetered.py PLAN PORT
"""

from __future__ import annotations

import sys

from undercut.core.money import Money
from undercut.core.requests import AnsweredRequest, Caller, Recorded, Ticket
from undercut.operate.serving.deploy.deployments import Deployments
from undercut.operate.serving.http.app import Application
from undercut.operate.serving.http.server import bind, serve_until_stopped
from undercut.operate.serving.http.services import make_services
from undercut.operate.serving.http.usage import MonthUsage

NOBODY = Caller("nobody", "none")


class OpenGate:
    """Lets everybody in."""

    def authenticate(self, secret: str | None) -> Caller:
        return NOBODY

    async def admit(self, caller: Caller, inputs: int, most: Money | None) -> Ticket:
        return Ticket(caller, inputs, most)

    async def release(self, ticket: Ticket) -> None:
        pass


class NoBooks:
    """Forgets everything."""

    async def replay(self, caller: Caller, key: str, body_sha256: str) -> bytes | None:
        return None

    async def record(self, ticket: Ticket, request: AnsweredRequest) -> Recorded:
        return Recorded(request.answer, repeat=False)

    async def month_usage(self, tenant: str, month: str) -> MonthUsage:
        return MonthUsage(tenant, month, 0, 0, 0)


def main() -> None:
    plan, port = sys.argv[1], int(sys.argv[2])
    books = NoBooks()
    services = make_services(Deployments(plan), OpenGate(), books, books)
    serve_until_stopped(Application(services), [bind("127.0.0.1", port)])


if __name__ == "__main__":
    main()
