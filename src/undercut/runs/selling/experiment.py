"""`undercut experiment`: start a price test, show prices, record outcomes, say how it stands."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from undercut.core.errors import ConfigError, InputError
from undercut.core.money import Money
from undercut.runs.selling.demand_findings import note_json
from undercut.runs.selling.experiment_file import (
    ShownPrice,
    TestState,
    change_state,
    create_state,
    load_state,
)
from undercut.runs.selling.in_file import in_file
from undercut.sell.pricing.experiments.analysis import Analysis, analyse
from undercut.sell.pricing.experiments.counts import Counts
from undercut.sell.pricing.experiments.thompson import Verdict, next_price, standing


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A test to start. prices as written; floor and cost as written, or those of plan and market
    where None. control: today's price."""

    file: Path
    prices: tuple[str, ...]
    control: str
    loss_bound: str
    cost: str | None = None
    floor: str | None = None
    plan: Path | None = None
    market: Path | None = None
    least_visitors: int = 100
    tolerance: float = 0.01
    seed: int = 0


def start_test(request: StartRequest, *, now: datetime) -> TestState:
    """Write the test's file. Raises ConfigError or InputError for terms that do not hold."""
    cost, floor, source = _cost_and_floor(request)
    prices = sorted({Money.parse(each) for each in request.prices}, key=lambda each: each.amount)
    control = Money.parse(request.control)
    if control not in prices:
        raise ConfigError(
            f"today's price {control} is not among the prices of the test: a test needs it to "
            "compare with",
            hint=f"--price {request.control}",
        )
    state = TestState(
        name=request.file.stem,
        started=now.isoformat(timespec="seconds"),
        prices=tuple(str(each) for each in prices),
        control=prices.index(control),
        cost=str(cost),
        floor=str(floor),
        floor_source=source,
        loss_bound=str(Money.parse(request.loss_bound)),
        least_visitors=request.least_visitors,
        tolerance=request.tolerance,
        seed=request.seed,
        key=secrets.token_hex(16),
    )
    state.terms()  # checks floor, currency, loss bound
    create_state(request.file, state)
    return state


def _cost_and_floor(request: StartRequest) -> tuple[Money, Money, str]:
    if request.plan is not None and request.market is not None:
        from undercut.runs.selling.market_file import read_market
        from undercut.runs.selling.plan_facts import read_plan, serving_cost
        from undercut.sell.pricing.cost.unit_cost import unit_cost

        situation = read_market(request.market)
        serving = serving_cost(read_plan(request.plan), situation.currency)
        unit = unit_cost(serving, situation.own)
        cost = unit.marginal if request.cost is None else Money.parse(request.cost)
        return cost, unit.floor, f"measured cost of {request.plan.name}, {serving.source}"
    if request.floor is None or request.cost is None:
        raise ConfigError(
            "a price test needs the floor and the cost of a sale: unknown is not zero",
            hint="--plan out/plan --market market.yaml, or --floor 6.60usd --cost 4.90usd",
        )
    return Money.parse(request.cost), Money.parse(request.floor), "as given"


def price_for(path: Path, customer: str) -> dict[str, Any]:
    """The price that a customer sees: always the same one for the same customer."""

    def choose(state: TestState) -> tuple[TestState, dict[str, Any]]:
        name, terms = state.of(customer), state.terms()
        known = state.customers.get(name)
        if known is not None:
            return state, _shown(state, known.price, new=False)
        now = standing(terms, state.counts())
        if now.winner is not None:
            # the test is over: its result is the price, and nobody is counted any more
            return state, _shown(state, now.winner, new=False, over=True)
        place = next_price(terms, state.counts(), state.shown())
        customers = {**state.customers, name: ShownPrice(price=place)}
        return state.model_copy(update={"customers": customers}), _shown(state, place, new=True)

    return change_state(path, choose)


def _shown(state: TestState, place: int, *, new: bool, over: bool = False) -> dict[str, Any]:
    return {"price": state.prices[place], "new": new, "test_over": over}


def record_outcome(path: Path, customer: str, *, bought: bool) -> dict[str, Any]:
    """Note whether a customer bought. A second, different outcome may only turn no into yes.

    Raises InputError for a customer who was shown no price.
    """

    def note(state: TestState) -> tuple[TestState, dict[str, Any]]:
        name = state.of(customer)
        known = state.customers.get(name)
        if known is None:
            raise InputError(
                f"{customer!r} was shown no price in this test",
                file=str(path),
                hint=f"undercut experiment next {path} {customer}",
            )
        if known.bought and not bought:
            raise InputError(
                f"{customer!r} is recorded as having bought; a sale is not taken back here",
                file=str(path),
            )
        answer = {"price": state.prices[known.price], "bought": bought}
        if known.bought == bought:
            return state, answer
        customers = {**state.customers, name: ShownPrice(price=known.price, bought=bought)}
        return state.model_copy(update={"customers": customers}), answer

    return change_state(path, note)


def standing_of(path: Path, *, confidence: float = 0.95) -> dict[str, Any]:
    """How a test stands, as JSON values."""
    state = load_state(path)
    terms, counts = state.terms(), state.counts()
    now = standing(terms, counts)
    seen = int(counts.visitors.sum())
    found = None
    if seen:
        found = analyse(
            terms.prices,
            counts,
            cost=terms.cost,
            control=terms.control,
            confidence=confidence,
            seed=terms.seed,
        )
    return {
        "name": state.name,
        "started": state.started,
        "verdict": now.verdict,
        "price_from_now_on": None if now.winner is None else state.prices[now.winner],
        "floor": state.floor,
        "floor_source": state.floor_source,
        "loss_so_far": now.loss,
        "loss_bound": state.loss_bound,
        "least_visitors": state.least_visitors,
        "open": int(state.shown().sum()) - seen,
        "analysis": None if found is None else analysis_json(found),
        "over": now.verdict is not Verdict.GOES_ON,
    }


def analyse_file(
    path: Path, *, cost: str, control: str, confidence: float = 0.95
) -> dict[str, Any]:
    """Analysis of a finished test: a CSV file with the columns price, visitors, sales.

    Raises InputError with file and line for anything else.
    """
    prices, visitors, sales = _read_counts(path)
    today = Money.parse(control)
    if today not in prices:
        named = ", ".join(str(each) for each in prices)
        raise ConfigError(
            f"today's price {today} is not in {path}", hint=f"--control with one of {named}"
        )
    counts = Counts(np.array(visitors, dtype=np.int64), np.array(sales, dtype=np.int64))
    with in_file(path):
        found = analyse(
            prices,
            counts,
            cost=Money.parse(cost),
            control=prices.index(today),
            confidence=confidence,
            evenly=True,
        )
    return analysis_json(found)


def _read_counts(path: Path) -> tuple[list[Money], list[int], list[int]]:
    prices: list[Money] = []
    numbers: list[list[int]] = [[], []]
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.DictReader(stream)
            missing = {"price", "visitors", "sales"} - set(rows.fieldnames or ())
            if missing:
                raise InputError(
                    f"column(s) {', '.join(sorted(missing))} missing",
                    file=str(path),
                    line=1,
                    hint="price,visitors,sales with a line a price: 60usd,1000,52",
                )
            for line, row in enumerate(rows, start=2):
                prices.append(_priced(row["price"], path, line, prices))
                for place, column in enumerate(("visitors", "sales")):
                    numbers[place].append(_whole(row[column], column, path, line))
                if numbers[1][-1] > numbers[0][-1]:
                    raise InputError(
                        f"{numbers[1][-1]} sales by {numbers[0][-1]} visitors",
                        file=str(path),
                        line=line,
                        hint="count each customer once",
                    )
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8 text", file=str(path)) from error
    if not prices:
        raise InputError("has no line with a price", file=str(path), hint="60usd,1000,52")
    return prices, numbers[0], numbers[1]


def _priced(text: str | None, path: Path, line: int, before: Sequence[Money]) -> Money:
    try:
        price = Money.parse(text or "")
    except ConfigError as error:
        raise InputError(error.message, file=str(path), line=line, hint=error.hint) from error
    if before and price.currency != before[0].currency:
        raise InputError(
            f"{price} is not in {before[0].currency}: a test has one currency",
            file=str(path),
            line=line,
            hint="prices that customers saw in another currency are a test of their own",
        )
    if price in before:
        raise InputError(
            f"{price} is given twice",
            file=str(path),
            line=line,
            hint="one line a price: add its visitors and its sales up",
        )
    return price


def _whole(text: str | None, column: str, path: Path, line: int) -> int:
    written = (text or "").strip()
    if not written.isascii() or not written.isdigit():
        raise InputError(
            f"{column}: expected a whole number, got {written!r}",
            file=str(path),
            line=line,
            hint="1000, without separators; 0 where nobody came",
        )
    return int(written)


def analysis_json(found: Analysis) -> dict[str, Any]:
    """An analysis as JSON values; money a visitor as numbers in the currency of the price."""
    return {
        "confidence": found.confidence,
        "control": str(found.prices[found.control].price),
        "best": str(found.prices[found.best].price),
        "proven": found.proven,
        "notes": [note_json(note) for note in found.notes],
        "prices": [
            {
                "price": str(each.price),
                "visitors": each.visitors,
                "sales": each.sales,
                "bought": each.bought if each.visitors else None,
                "revenue_a_visitor": each.revenue if each.visitors else None,
                "profit_a_visitor": each.profit if each.visitors else None,
                "profit_interval": list(each.interval),
                "profit_interval_at_every_moment": list(each.always),
                "gain": None if each.gain is None else list(each.gain),
                "gain_at_every_moment": None
                if each.gain_always is None
                else list(each.gain_always),
                "chance_best": each.best_chance,
                "expected_loss_a_visitor": each.expected_loss,
            }
            for each in found.prices
        ],
    }
