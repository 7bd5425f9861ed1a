"""A month's usage of the caller's tenant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field

from undercut.client.calls import Call
from undercut.client.replies import Reply, Wire, WireMoney, not_an_answer, parse
from undercut.core.errors import ConfigError
from undercut.core.money import Money

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class MonthUsage:
    """What a tenant used in a month, as the server's books have it.

    requests: answered ones, repeats not counted. inputs: texts. stages: stage -> texts it
    answered, where the books keep that. costs: the server's own cost, one amount a currency;
    the `unknown_cost_inputs` are in none of them.
    """

    tenant: str
    month: str
    requests: int
    inputs: int
    tokens: int
    stages: Mapping[str, int]
    costs: tuple[Money, ...]
    unknown_cost_inputs: int


class _WireMonth(Wire):
    tenant: str
    month: str
    requests: int = Field(ge=0)
    inputs: int = Field(ge=0)
    tokens: int = Field(ge=0)
    stages: dict[str, int] = Field(default_factory=dict)
    costs: list[WireMoney] = Field(default_factory=list)
    unknown_cost_inputs: int = Field(default=0, ge=0)


def usage_call(month: str | None) -> Call[MonthUsage]:
    """GET /v1/usage; ConfigError for a month that is not written 2026-11."""
    if month is not None and not _MONTH.fullmatch(month):
        raise ConfigError(f"not a month: {month!r}", hint="for example '2026-11'")
    return Call(
        method="GET",
        path="/v1/usage" if month is None else f"/v1/usage?month={month}",
        body=None,
        headers={},
        repeatable=True,
        read=_read_month,
    )


def _read_month(reply: Reply) -> MonthUsage:
    wire = parse(reply, _WireMonth)
    try:
        costs = tuple(one.money() for one in wire.costs)
    except ConfigError as error:
        raise not_an_answer(error.message) from error
    return MonthUsage(
        tenant=wire.tenant,
        month=wire.month,
        requests=wire.requests,
        inputs=wire.inputs,
        tokens=wire.tokens,
        stages=wire.stages,
        costs=costs,
        unknown_cost_inputs=wire.unknown_cost_inputs,
    )
