"""Snapshots as JSON, the raw ledger, plausibility, rivals, what a task costs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_samples import BUILT, change, market, offer, rating, sighting

from undercut.core.errors import ArtefactError, ConfigError, InputError
from undercut.core.money import Money
from undercut.sell.market.blend import Blend
from undercut.sell.market.competitors import read_rivals, view_rivals
from undercut.sell.market.ledger_format import from_ledger, from_list, from_router
from undercut.sell.market.plausible import check_plausible
from undercut.sell.market.snapshot import MarketSnapshot
from undercut.sell.market.snapshot_format import read_snapshot, write_snapshot
from undercut.sell.market.survey import SurveyConfig, survey
from undercut.sell.market.task_cost import TaskTokens, task_costs
from undercut.sell.market.today import todays_offers

TODAY = date(2026, 6, 20)


def whole(offers: int = 30) -> MarketSnapshot:
    rows = [offer(f"k{n}", given=str(1 + n), taken="2") for n in range(offers)]
    return market(
        rows,
        changes={"k0": [change(date(2026, 1, 1), "added"), change(BUILT, "input", "2", "1")]},
        ratings=[rating()],
        sightings=[
            sighting(date(2026, 5, 1), {"maker/m": 2}),
            sighting(date(2026, 6, 1), {"maker/m": 1}),
        ],
    )


def test_a_snapshot_survives_being_written() -> None:
    snapshot = whole()
    text = write_snapshot(snapshot)
    assert read_snapshot(text, name="x") == snapshot
    assert write_snapshot(read_snapshot(text, name="x")) == text


@given(st.decimals(0, 10_000, places=9), st.decimals(0, 10_000, places=9))
def test_prices_are_kept_to_the_last_digit(given_: Decimal, taken: Decimal) -> None:
    snapshot = market([offer("a", given=str(given_), taken=str(taken))])
    read = read_snapshot(write_snapshot(snapshot), name="x").offers[0]
    assert (read.input, read.output) == (given_, taken)


def broken(path: tuple[Any, ...], value: Any) -> str:
    content = json.loads(write_snapshot(whole()))
    place = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("schema",), "other", "schema 'other'"),
        (("built",), None, "built"),
        (("built",), "June", "built"),
        (("currency",), "dollars", "three capital letters"),
        (("offers", 3, 4), "-1", "offers, row 4: a price must be finite and not negative"),
        (("offers", 3, 4), "NaN", "offers, row 4"),
        (("offers", 3, 4), 1.5, "a price is a decimal string"),
        (("offers", 3, 6), "", "offers, row 4"),
        (("offers", 3, 0), "k1", "named twice"),
        (("offers",), {}, "offers is dict, expected a list"),
        (("changes", "k0", 1, 0), None, "changes of 'k0', row 2"),
        (("changes", "k0", 1, 1), "vanished", "kind 'vanished'"),
        (("changes", "nobody"), [], "not among the offers"),
        (("ratings", 0, 4), 2000, "outside its interval"),
        (("sightings", 0, 1), [], "expected a mapping"),
        (("sources",), [], "every price needs one"),
    ],
)
def test_every_broken_snapshot_says_where(path: tuple[Any, ...], value: Any, said: str) -> None:
    with pytest.raises(ArtefactError, match=said):
        read_snapshot(broken(path, value), name="file")


def test_what_is_no_json_says_so() -> None:
    with pytest.raises(ArtefactError, match="not JSON"):
        read_snapshot("{", name="file")
    with pytest.raises(ArtefactError, match="schema 'list'"):
        read_snapshot("[]", name="file")


def test_a_plausible_snapshot_passes() -> None:
    check_plausible(whole(), today=TODAY, old=whole(40), name="x")


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (replace(whole(), built=date(2026, 6, 22)), "no day between"),
        (replace(whole(), built=date(2026, 6, 1)), "before the snapshot in use"),
        (replace(whole(), currency="CNY"), "prices in CNY, the snapshot in use has USD"),
        (whole(5), "only 5 offers"),
        (replace(whole(), offers=tuple(replace(o, output=None) for o in whole().offers)), "prices"),
        (
            replace(whole(), offers=(*whole().offers, offer("x", given="200000"))),
            "is no price",
        ),
        (
            replace(
                whole(),
                offers=tuple(replace(o, input=(o.input or 1) * 1000) for o in whole().offers),
            ),
            "another unit",
        ),
        (
            replace(whole(), changes={"k0": tuple(reversed(whole().changes["k0"]))}),
            "not in the order",
        ),
        (replace(whole(), sightings=whole().sightings[::-1]), "sightings are not in order"),
    ],
)
def test_an_implausible_snapshot_is_refused(new: MarketSnapshot, said: str) -> None:
    with pytest.raises(ArtefactError, match=said):
        check_plausible(new, today=TODAY, old=whole(), name="x")


def test_a_change_after_the_snapshot_was_built_is_refused() -> None:
    late = {"k0": (change(date(2026, 6, 16), "input", "2", "1"),)}
    with pytest.raises(ArtefactError, match="after the snapshot was built"):
        check_plausible(replace(whole(), changes=late), today=TODAY, old=None, name="x")


LEDGER = {
    "built": "2026-06-15T01:00:00",
    "models": [
        {
            "key": "k",
            "mode": "chat",
            "maker": "maker",
            "name": "m",
            "host": "h",
            "input": Decimal("0.1"),
            "output": 2,
            "added": "2025-01-01",
        },
        {"key": "picture", "mode": "image_generation", "added": "2025-01-01"},
    ],
    "events": {
        "k": [
            [
                "2026-02-01",
                "price",
                "input_cost_per_token",
                Decimal("3e-7"),
                Decimal("1e-7"),
                "",
                1,
            ],
            ["2025-01-01", "added", "", None, None, "", 0],
            ["2026-03-01", "price", "search_context_cost_per_query", None, {"low": 1}, "", 1],
        ]
    },
    "sources": ["aaa", "bbb"],
    "ratings": {
        "date": "2026-06-14",
        "source": "https://example.com",
        "tasks": {"overall": [["maker / m", "M", 1300.5, 1290, 1310, 99, 4]]},
    },
}


def test_the_raw_ledger_becomes_a_snapshot_per_million_tokens() -> None:
    snapshot = from_ledger(LEDGER, sha256="0" * 64)
    assert [o.key for o in snapshot.offers] == ["k"]
    assert snapshot.offers[0].input == Decimal("0.1")
    added, cut = snapshot.changes["k"]
    assert (added.kind, cut.kind, cut.old, cut.new) == (
        "added",
        "input",
        Decimal("0.3"),
        Decimal("0.1"),
    )
    assert (cut.source, snapshot.ratings[0].model, snapshot.ratings[0].votes) == ("bbb", "m", 99)
    with pytest.raises(ArtefactError, match="another shape"):
        from_ledger({**LEDGER, "sources": []}, sha256="")


def test_router_and_list() -> None:
    history = {"snapshots": [{"date": "2026-01-01", "prices": {"a/m": [1, 2], "a/auto": [-1, -1]}}]}
    assert list(from_router(history)[0].prices) == ["a/m"]
    rows = [
        {"provider": "p", "model_id": "m", "input_usd_per_mtok": "1", "output_usd_per_mtok": "2",
         "other_constraint_json": ""},
        {"provider": "p", "model_id": "n", "input_usd_per_mtok": "1", "output_usd_per_mtok": "",
         "other_constraint_json": ""},
    ]  # fmt: skip
    assert [price.model for price in from_list(rows)] == ["m"]


ACME = {"name": "acme", "price": "0.40", "per": "1000", "date": "2026-06-01", "source": "page"}


def test_rivals_per_million_requests_and_their_change() -> None:
    rivals = read_rivals(
        {"currency": "USD", "rivals": [ACME, {**ACME, "price": "0.2", "date": "2026-06-09"}]},
        currency="USD",
        file="f",
    )
    (view,) = view_rivals(rivals, currency="USD")
    assert view.per_million == Money.parse("200usd")
    assert view.change_fraction == pytest.approx(-0.5)
    assert (view.observations, view.first_day) == (2, date(2026, 6, 1))


def test_one_observation_of_a_rival_has_no_trend() -> None:
    (view,) = view_rivals(read_rivals([ACME], currency="USD", file="f"), currency="USD")
    assert view.change_fraction is None


def test_a_rival_by_tokens_needs_the_tokens_of_a_request() -> None:
    row = {"name": "t", "unit": "tokens", "input": "0.1", "output": "0.3", "date": "2026-06-01",
           "source": "page"}  # fmt: skip
    rivals = read_rivals([row], currency="USD", file="f")
    assert view_rivals(rivals, currency="USD")[0].per_million is None
    (view,) = view_rivals(rivals, currency="USD", tokens=(Decimal(220), Decimal(5)))
    assert view.per_million == Money.parse("23.5usd")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([{**ACME, "price": "-1"}], "rival 1: price: Input should be greater than or equal to 0"),
        ([{k: v for k, v in ACME.items() if k != "date"}], "rival 1: date is missing"),
        ([{k: v for k, v in ACME.items() if k != "source"}], "source is missing"),
        ([ACME, {**ACME, "currency": "CNY"}], "rival 2 .acme. is priced in CNY, the market in USD"),
        ({"currency": "EUR", "rivals": [ACME]}, "priced in EUR"),
        ([{**ACME, "prise": 1}], "rival 1: prise"),
        ([{**ACME, "price": None}], "needs `price`"),
        ([{**ACME, "price": "NaN"}], "rival 1: price"),
        ([], "at least one row"),
        ({"rivals": [ACME], "other": 1}, "unknown field 'other'"),
        ("acme", "expected a list"),
        (["acme"], "rival 1"),
    ],
)
def test_every_broken_list_of_rivals_says_where(content: Any, said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        read_rivals(content, currency="USD", file="rivals.yaml")
    assert str(error.value).startswith("rivals.yaml: ")


def test_a_task_costs_tokens_times_price() -> None:
    offers = todays_offers(
        market([offer("a", given="0.04", taken="0.08")], ratings=[rating()]), 1300, blend=Blend()
    )
    plan = Money.parse("1.84usd")
    (row,) = task_costs(offers, TaskTokens.parse("220,5"), currency="USD", plan_per_million=plan)
    assert row.per_million == Money.parse("9.2usd")
    assert row.times_plan == pytest.approx(5.0)
    with pytest.raises(ConfigError, match="the plan's cost is in CNY"):
        task_costs(
            offers, TaskTokens.parse("1,1"), currency="USD", plan_per_million=Money.parse("1cny")
        )


@pytest.mark.parametrize("text", ["", "5", "a,b", "-1,5", "0,0", "1,2,3", "nan,1", "1e99,1"])
def test_tokens_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError, match="tokens"):
        TaskTokens.parse(text)


def test_a_quality_that_nobody_sells() -> None:
    with pytest.raises(InputError, match="the best rating is 1300") as error:
        survey(whole(), SurveyConfig(quality=1600))
    assert error.value.hint == "--quality 1300"
    with pytest.raises(ConfigError, match="quality"):
        SurveyConfig(quality=-5)
