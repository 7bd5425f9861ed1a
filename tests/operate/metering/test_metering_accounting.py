"""Any order of reserving, recording, releasing, repeating, crashing and sleeping adds up.

Two servers share the books; the model is three sums and a dictionary.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from metering_postgres import PostgresServer
from metering_requests import answered, new_caller
from sqlalchemy import func, select

from undercut.core.errors import IdempotencyConflictError, QuotaExceededError
from undercut.core.money import Money
from undercut.core.requests import Ticket
from undercut.operate.metering.books import OpenBooks, open_books
from undercut.operate.metering.checks import check_books
from undercut.operate.metering.clock import Clock
from undercut.operate.metering.schema import requests
from undercut.operate.metering.usage import usage

QUOTA = 40
BUDGET = Money.parse("1usd")
MICRO = Money.parse("0.000001usd")
MONTH = "2026-11"


@dataclass(eq=False)
class Open:
    """A ticket of one server that is neither recorded nor released."""

    server: int
    ticket: Ticket


class Accounting(RuleBasedStateMachine):
    """Drives two servers and a model of what they may charge."""

    tickets = Bundle("tickets")
    url = ""

    @initialize()
    def start(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.at = datetime(2026, 11, 10, tzinfo=UTC)
        self.folder = tempfile.TemporaryDirectory()
        self.place = self.new_place()
        self.abandoned: list[OpenBooks] = []
        self.servers = [self.open(), self.open()]
        self.caller, _ = new_caller(self.servers[0], monthly_inputs=QUOTA, budget=BUDGET)
        self.servers[1].refresh_keys()
        self.inputs = self.rows = self.unknown = 0
        self.cost = self.spent = Money.zero("USD")
        self.answers: dict[str, tuple[str, bytes]] = {}

    def new_place(self) -> str:
        return f"sqlite:///{Path(self.folder.name) / 'books.sqlite'}"

    def drop_place(self) -> None:
        """The folder is gone, and with it the books."""

    def open(self) -> OpenBooks:
        clock = Clock(now=lambda: self.at, steady=lambda: self.at.timestamp())
        books = open_books(self.place, clock=clock, lease_seconds=60)
        # its thread looks and ticks by the wall clock: here only the rules do, at their turn
        books._watcher.close()
        return books

    def settle(self, server: int) -> None:
        """Until what the desk does in the background is done: its rows come before this one."""
        self.servers[server].write(lambda _: None)

    def wait(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @rule(
        target=tickets,
        server=st.integers(0, 1),
        inputs=st.integers(1, 15),
        micros=st.integers(0, 400_000),
    )
    def admit(self, server: int, inputs: int, micros: int) -> Any:
        books = self.servers[server]
        try:
            ticket = self.wait(books.gate.admit(self.caller, inputs, MICRO * micros))
        except QuotaExceededError:
            return multiple()
        return Open(server, ticket)

    @rule(
        one=st.one_of(tickets),
        share=st.integers(0, 10),
        known=st.booleans(),
        key=st.sampled_from([None, "a", "b", "c"]),
        body=st.sampled_from("xy"),
    )
    def record(self, one: Open, share: int, known: bool, key: str | None, body: str) -> None:
        """Also of tickets that were recorded or released before: then the limits decide."""
        assert one.ticket.reserved is not None
        cost = one.ticket.reserved * share / 10 if known else None
        answer = f"answer {self.rows}".encode()
        request = answered(
            self.caller,
            key=key,
            body=body,
            inputs=one.ticket.inputs,
            cost=cost,
            at=self.at,
            answer=answer,
        )
        try:
            done = self.wait(self.servers[one.server].record(one.ticket, request))
        except IdempotencyConflictError:
            assert key is not None
            assert self.answers[key][0] != body
            return
        except QuotaExceededError:
            # only where the limits would not hold it even if nobody else had reserved
            return
        if key in self.answers:
            assert done.repeat
            assert (body, done.answer) == self.answers[key]
            return
        assert not done.repeat
        if key is not None:
            self.answers[key] = (body, answer)
        self.rows += 1
        self.inputs += one.ticket.inputs
        self.spent += one.ticket.reserved if cost is None else cost
        self.unknown += cost is None
        self.cost += cost or Money.zero("USD")

    @rule(one=tickets)
    def release(self, one: Open) -> None:
        self.wait(self.servers[one.server].gate.release(one.ticket))

    @rule(seconds=st.sampled_from([1, 30, 61, 600]))
    def sleep(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)
        for number, server in enumerate(self.servers):
            server.refresh_keys()
            self.settle(number)

    @rule(server=st.integers(0, 1))
    def tick(self, server: int) -> None:
        self.servers[server]._desk.tick()
        self.settle(server)

    @rule(server=st.integers(0, 1), crash=st.booleans())
    def restart(self, server: int, crash: bool) -> None:
        if crash:
            # what it leased and reserved is forgotten, not given back
            self.servers[server]._desk._leases.clear()
        self.servers[server].close()
        self.servers[server] = self.open()

    @invariant()
    def adds_up(self) -> None:
        if not hasattr(self, "servers"):
            return
        assert self.inputs <= QUOTA
        assert self.spent <= BUDGET
        books = self.servers[0]
        total = books.read(lambda c: usage(c, "acme", MONTH)).total
        assert (total.requests, total.inputs, total.unknown_cost) == (
            self.rows,
            self.inputs,
            self.unknown,
        )
        assert sum((one.amount for one in total.costs), start=0) == self.cost.amount
        assert books.read(check_books) == ()

    def teardown(self) -> None:
        if not hasattr(self, "servers"):
            return
        self.what_is_left_can_be_used()
        for server in self.servers:
            server.close()
        self.loop.close()
        self.folder.cleanup()
        self.drop_place()

    def what_is_left_can_be_used(self) -> None:
        """When every lease has expired, exactly the rest of the quota is to be had."""
        self.at += timedelta(seconds=3600)
        self.servers[0].refresh_keys()
        if left := QUOTA - self.inputs:
            self.wait(self.servers[0].gate.admit(self.caller, left, MICRO * 0))
        with pytest.raises(QuotaExceededError):
            self.wait(self.servers[0].gate.admit(self.caller, 1, MICRO * 0))
        rows = self.servers[0].read(
            lambda c: c.execute(select(func.count()).select_from(requests)).scalar_one()
        )
        assert rows == self.rows


def drive(machine: type[Accounting], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_any_order_adds_up_on_sqlite() -> None:
    drive(Accounting, 12)


def test_any_order_adds_up_on_postgres(postgres: PostgresServer) -> None:
    class OnPostgres(Accounting):
        def new_place(self) -> str:
            return postgres.database()

        def drop_place(self) -> None:
            postgres.drop(self.place)

    drive(OnPostgres, 3)


@pytest.mark.slow
def test_many_orders_add_up() -> None:
    drive(Accounting, 1000)
