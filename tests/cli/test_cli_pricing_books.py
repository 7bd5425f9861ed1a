"""`undercut price --books` on books as a server writes them: what answers cost beside the plan."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_fakes import Call

from undercut.core.artefacts import verify_folder
from undercut.core.money import Money
from undercut.core.requests import AnsweredRequest
from undercut.operate.metering.books import OpenBooks, open_books
from undercut.operate.metering.key_rows import KeyTerms, create_key

ROOT = Path(__file__).parents[2]
PLAN = ROOT / "examples" / "stored" / "plan"
MARKET = ROOT / "examples" / "market.yaml"
MONTH = timedelta(days=365) / 12
FIRST = datetime(2026, 11, 2, 9, tzinfo=UTC)
LAST = datetime(2026, 11, 5, 23, tzinfo=UTC)


@pytest.fixture
def digest() -> str:
    return verify_folder(PLAN).digest


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("UNDERCUT_BOOKS", raising=False)
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path / 'server.sqlite'}"


async def answer(
    books: OpenBooks, tenant: str, plan: str, rows: list[tuple[int, str | None, datetime]]
) -> None:
    """Admits and records requests of a new key, as the server does around answering.

    rows: inputs, cost of all of them, moment.
    """
    made = books.write(lambda connection: create_key(connection, tenant, KeyTerms(), FIRST))
    books.refresh_keys()
    caller = books.gate.authenticate(made.secret)
    for number, (inputs, cost, at) in enumerate(rows):
        ticket = await books.gate.admit(caller, inputs, None)
        money = None if cost is None else Money.parse(cost)
        name = f"{plan[:20]}-{number}"
        request = AnsweredRequest(
            name, caller, plan, inputs, inputs, {"ngram": inputs}, money, at, b"{}"
        )
        await books.record(ticket, request)


def traffic(url: str, digest: str) -> None:
    """Two tenants of the market file, one dear; another plan's answers; costs nobody knows."""

    async def work(books: OpenBooks) -> None:
        cheap = [(3000, "0.003usd", FIRST), (3000, "0.003usd", LAST)]
        await answer(books, "bright-bank", digest, cheap)
        dear = [(1000, "0.009usd", FIRST), (500, None, LAST), (250, "0.01cny", LAST)]
        await answer(books, "corner-shop", digest, dear)
        await answer(books, "bright-bank", "another-plan", [(10**6, "9usd", LAST + MONTH)])

    with open_books(url) as books:
        asyncio.run(work(books))


def test_metered_costs_stand_beside_the_measured_ones(
    undercut_cli: Call, url: str, digest: str, tmp_path: Path
) -> None:
    traffic(url, digest)
    told = undercut_cli(
        "price", str(PLAN), "-m", str(MARKET), "--books", url, "--json", "--out", "p"
    )
    assert told.code == 0, told.err
    found = json.loads(told.out)
    metered = found["metered"]
    assert (metered["first"], metered["last"]) == ("2026-11-02", "2026-11-05")
    assert (metered["answers"], metered["unknown_cost_answers"]) == (7000, 750)
    # 0.015 USD for 7000 answers whose cost is known in USD
    assert float(metered["per_million"]) == pytest.approx(15_000 / 7000, rel=1e-12)
    measured = next(each for each in found["figures"] if each["what"] == "measured_cost")
    ratio = 15_000 / 7000 / float(measured["amount"])
    assert metered["ratio"] == pytest.approx(ratio, rel=1e-9)
    assert float(metered["monthly_answers"]) == pytest.approx(7750 / 4 * 365 / 12, rel=1e-12)
    # the file forecasts the load, so the pace of four days does not replace it
    assert float(found["unit"]["monthly_answers"]) == 40_000_000
    assert any("750 metered answers have no known cost" in each["text"] for each in found["notes"])
    page = (tmp_path / "p" / "price.html").read_text(encoding="utf-8")
    assert "2026-11-05" in page


def test_a_tenant_whose_answers_cost_more_has_a_higher_floor(
    undercut_cli: Call, url: str, digest: str
) -> None:
    plain = json.loads(undercut_cli("price", str(PLAN), "-m", str(MARKET), "--json").out)
    assert plain["metered"] is None
    traffic(url, digest)
    found = json.loads(
        undercut_cli("price", str(PLAN), "-m", str(MARKET), "--books", url, "--json").out
    )
    before, after = (
        {each["tenant"]: each for each in document["tenants"]} for document in (plain, found)
    )
    assert after["bright-bank"]["cost_ratio"] == pytest.approx(1.0 / (15 / 7))
    assert after["corner-shop"]["cost_ratio"] == pytest.approx(9.0 / (15 / 7))
    assert float(after["corner-shop"]["floor"]) > float(before["corner-shop"]["floor"])
    assert float(after["bright-bank"]["floor"]) < float(before["bright-bank"]["floor"])


def test_books_at_the_usual_place_give_the_load_that_the_file_leaves_out(
    undercut_cli: Call,
    url: str,
    digest: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UNDERCUT_BOOKS", url)
    text = MARKET.read_text(encoding="utf-8")
    market = tmp_path / "market.yaml"
    market.write_text(text.replace("monthly_answers: 40_000_000", "# none", 1), encoding="utf-8")
    traffic(url, digest)
    told = undercut_cli("price", str(PLAN), "--json")
    assert told.code == 0, told.err
    found = json.loads(told.out)
    assert float(found["unit"]["monthly_answers"]) == pytest.approx(7750 / 4 * 365 / 12)
    assert any("4 metered day(s)" in each["text"] for each in found["notes"])
    shown = undercut_cli("price", str(PLAN))
    assert shown.code == 0, shown.err


def test_books_without_a_row_of_this_plan_and_books_that_are_not_there(
    undercut_cli: Call, url: str
) -> None:
    gone = undercut_cli("price", str(PLAN), "-m", str(MARKET), "--books", url)
    assert (gone.code, "there are no books at" in gone.err) == (3, True)
    traffic(url, "another-plan-yet")
    told = undercut_cli("price", str(PLAN), "-m", str(MARKET), "--books", url, "--json")
    assert told.code == 0, told.err
    assert json.loads(told.out)["metered"] is None


def test_answers_that_cost_nobody_knows_what_are_not_free(
    undercut_cli: Call, url: str, digest: str
) -> None:
    with open_books(url) as books:
        asyncio.run(answer(books, "bright-bank", digest, [(500, None, LAST)]))
    told = undercut_cli("price", str(PLAN), "-m", str(MARKET), "--books", url, "--json")
    assert told.code == 0, told.err
    found = json.loads(told.out)
    assert found["metered"]["answers"] == 0
    assert found["metered"]["per_million"] is None
    assert found["metered"]["ratio"] is None
    assert {each["cost_ratio"] for each in found["tenants"]} == {1.0}
    shown = undercut_cli("price", str(PLAN), "-m", str(MARKET), "--books", url)
    assert shown.code == 0, shown.err
