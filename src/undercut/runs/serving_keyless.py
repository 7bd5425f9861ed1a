"""A server that asks for no keys: everybody is one tenant, and still counted."""

from __future__ import annotations

from undercut.core.money import Money
from undercut.core.requests import Caller, Gate, Role, Ticket

LOCAL = Caller("local", "no-key", frozenset({Role.PREDICT}))


class KeylessGate:
    """Implements `Gate`; tickets are those of the books' own gate, without limits."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def authenticate(self, secret: str | None) -> Caller:
        """The same for everybody; a key that is sent all the same is looked at."""
        return LOCAL if secret is None else self._gate.authenticate(secret)

    async def admit(self, caller: Caller, inputs: int, most: Money | None) -> Ticket:
        """As `Gate.admit`."""
        return await self._gate.admit(caller, inputs, most)

    async def release(self, ticket: Ticket) -> None:
        """As `Gate.release`."""
        await self._gate.release(ticket)
