"""price, offer and demand from the command line, on the stored plan and on broken inputs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from undercut.cli.main import run_command_line

ROOT = Path(__file__).parents[2]
PLAN = ROOT / "examples" / "stored" / "plan"
MARKET = ROOT / "examples" / "market.yaml"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command line in an empty folder: code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERCUT_BOOKS", raising=False)

    def go(*arguments: str | Path) -> tuple[int, str, str]:
        code = run_command_line([str(each) for each in arguments])
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        assert "defect" not in told.err
        return code, told.out, told.err

    return go


def changed(folder: Path, old: str, new: str, *more: tuple[str, str]) -> Path:
    text = MARKET.read_text(encoding="utf-8")
    for before, after in ((old, new), *more):
        assert before in text
        text = text.replace(before, after, 1)
    path = folder / "market.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_price_says_floor_price_and_why(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(
        "price",
        PLAN,
        "-m",
        MARKET,
        "--json",
        "--out",
        tmp_path / "p",
        "--what-if",
        "cost=+20%",
        "--what-if",
        "merge=acme+borealis",
    )
    assert code == 0
    found = json.loads(out)
    price, floor = (float(found["recommendation"]["price"]), float(found["unit"]["floor"]))
    assert floor < price < 60
    assert float(found["recommendation"]["low"]) <= price <= float(found["recommendation"]["high"])
    assert found["recommendation"]["holds"] is True
    assert {each["source"] for each in found["figures"]} >= {
        "AWS EC2 on-demand price page, Linux, us-east-1, as recorded 2026-10",
        "price page of the card processor",
    }
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", each["date"]) for each in found["figures"])
    assert [each["what"] for each in found["what_ifs"]] == ["cost=+20%", "merge=acme+borealis"]
    best = [each for each in found["plans"] if each["best"]]
    cheapest = [each for each in found["plans"] if each["cheapest"]]
    assert best[0]["monthly_profit"] >= cheapest[0]["monthly_profit"]
    assert json.loads((tmp_path / "p" / "price.json").read_text(encoding="utf-8")) == found
    page = (tmp_path / "p" / "price.html").read_text(encoding="utf-8")
    assert "competition law" in page
    assert "not legal advice" in page
    assert page.count("<svg") == 4
    assert "http-equiv" in page
    assert "<script" not in page


def test_the_run_folder_does_as_well_and_chinese_is_chinese(run: Run) -> None:
    code, out, _ = run("price", PLAN.parent, "-m", MARKET, "--language", "zh")
    assert code == 0
    assert "建议报价" in out
    assert "底价" in out


def test_offer_sheet_in_chinese(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("offer", PLAN, "-m", MARKET, "--language", "zh")
    assert code == 0
    assert "报价单" in out
    page = (tmp_path / "offer" / "offer.html").read_text(encoding="utf-8")
    assert 'lang="zh-CN"' in page
    assert "95% 的置信度" in page
    document = json.loads((tmp_path / "offer" / "offer.json").read_text(encoding="utf-8"))
    assert [each["kind"] for each in document["tiers"]].count("committed") == 3
    assert {each["what"] for each in document["sources"]} == {
        "price",
        "certificate",
        "accuracy",
        "latency",
    }
    # the customer's sheet tells no cost of the seller
    told = page + json.dumps(document)
    grounds = json.loads((tmp_path / "offer" / "price.json").read_text(encoding="utf-8"))
    assert f"{float(grounds['unit']['floor']):.2f}" not in told
    assert "底价" not in page


def test_a_quote_below_the_floor_is_refused_and_recorded_only_when_answered_for(
    run: Run, tmp_path: Path
) -> None:
    record = tmp_path / "undercut-quotes.jsonl"
    code, _, err = run("offer", PLAN, "-m", MARKET, "--price", "3 USD")
    assert code == 2
    assert "lies below the floor" in err
    assert "competition law" in err
    assert not record.exists()
    assert not (tmp_path / "offer").exists()
    code, _, err = run("offer", PLAN, "-m", MARKET, "--price", "3 USD", "--override", "pilot")
    assert code == 2
    assert "who allows it" in err
    code, _, err = run(
        "offer",
        PLAN,
        "-m",
        MARKET,
        "--price",
        "3 USD",
        "--override",
        "pilot until May",
        "--by",
        "Ada, founder",
    )
    assert code == 0
    assert "recorded" in err
    (line,) = record.read_text(encoding="utf-8").splitlines()
    entry = json.loads(line)
    assert entry["below_floor"] is True
    assert (entry["by"], entry["why"], entry["price"]) == (
        "Ada, founder",
        "pilot until May",
        "3 USD",
    )


def test_the_record_of_quotes_cannot_be_edited_unseen(run: Run, tmp_path: Path) -> None:
    record = tmp_path / "undercut-quotes.jsonl"
    for price in ("50 USD", "55 USD"):
        assert run("offer", PLAN, "-m", MARKET, "--price", price)[0] == 0
    lines = record.read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[1])["previous"] == json.loads(lines[0])["digest"]
    record.write_text(lines[0].replace("50 USD", "51 USD") + "\n" + lines[1] + "\n", "utf-8")
    code, _, err = run("offer", PLAN, "-m", MARKET, "--price", "60 USD")
    assert code == 6
    assert "undercut-quotes.jsonl:1: the record of quotes was changed" in err


def test_quotes_taken_off_the_end_are_missed(run: Run, tmp_path: Path) -> None:
    record = tmp_path / "undercut-quotes.jsonl"
    head = tmp_path / "undercut-quotes.jsonl.head"

    def offer() -> tuple[int, str]:
        code, _, err = run("offer", PLAN, "-m", MARKET, "--price", "60 USD")
        return code, err

    for _ in range(3):
        assert offer()[0] == 0
    whole, kept = record.read_text(encoding="utf-8"), head.read_text(encoding="utf-8")
    lines = whole.splitlines(keepends=True)
    assert json.loads(kept) == {"quotes": 3, "last": json.loads(lines[2])["digest"]}
    for rest in (lines[:2], lines[:1], []):
        record.write_text("".join(rest), encoding="utf-8")
        code, err = offer()
        assert (code, "the end of the record was changed" in err) == (6, True)
        assert record.read_text(encoding="utf-8") == "".join(rest)
    record.unlink()
    assert offer()[0] == 6
    record.write_text(whole, encoding="utf-8")
    head.unlink()
    code, err = offer()
    assert (code, "is gone" in err) == (6, True)
    head.write_text("{}", encoding="utf-8")
    assert offer()[0] == 6
    # a writer that died between the two files left one quote more: it counts
    before = {"quotes": 2, "last": json.loads(lines[1])["digest"]}
    head.write_text(json.dumps(before), encoding="utf-8")
    assert offer()[0] == 0
    assert json.loads(head.read_text(encoding="utf-8"))["quotes"] == 4


def test_a_small_customer_has_a_floor_of_its_own(run: Run) -> None:
    assert run("offer", PLAN, "-m", MARKET, "--price", "20 USD")[0] == 0
    code, _, err = run(
        "offer", PLAN, "-m", MARKET, "--price", "20 USD", "--customer", "corner-shop"
    )
    assert code == 2
    assert "for corner-shop" in err


@pytest.mark.parametrize(
    ("old", "new", "code", "told"),
    [
        ("share: 0.24", "share: 0.94", 3, "outside_share"),
        ("share: 0.10", "share: 1.10", 3, "between 0 and 1"),
        ("margin_error: 0.2", "margin: -0.3", 3, "margin must lie between 0 and 1"),
        ("cost: 30.00", "cost: 80.00", 3, "at or below cost says nothing"),
        ("price: 65.00", "price: 65.00 EUR", 3, "one currency a file"),
        ("currency: USD", "currency: EUR", 2, "undercut converts nothing"),
        ("as_of: 2026-11-01", "as_at: 2026-11-01", 3, "as_of is missing"),
        ("as_of: 2026-11-01", "as_of: 1 November", 3, "expected a day"),
        ("  name: tickets", "  name: tickets\n  cost: 20.00", 3, "is measured with its plan"),
        ("monthly_answers: 40_000_000", "# none", 3, "load is not known"),
        ("customers: 14", "# none", 3, "how many customers"),
        ("price: 57.00, share: 0.08", "price: 57.00", 3, "share of acme-lite is not known"),
        ("customers: 14", "customers: 14\n  capacity: 1000", 3, "the capacity is 1,000"),
        ("utilisation: 0.5", "utilisation: 50", 3, "utilisation must lie above 0"),
    ],
)
def test_a_broken_market_file_gets_a_clear_answer(
    run: Run, tmp_path: Path, old: str, new: str, code: int, told: str
) -> None:
    found, _, err = run("price", PLAN, "-m", changed(tmp_path, old, new))
    assert found == code
    assert told in err
    assert "Try:" in err


def test_one_observation_of_one_product_still_says_what_it_cannot_know(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "market.yaml"
    path.write_text(
        "as_of: 2026-11-01\ncurrency: USD\nown: {name: tickets, price: 60, share: 0.2, "
        "monthly_answers: 40_000_000}\n",
        encoding="utf-8",
    )
    code, out, _ = run("price", PLAN, "--json")
    assert code == 0
    notes = " ".join(note["text"] for note in json.loads(out)["notes"])
    assert "today's own price is taken for the best one" in notes
    assert "no rival is named" in notes
    assert "seen once" in notes
    assert "no support costs are given" in notes


def lopsided(tmp_path: Path) -> Path:
    """One firm dominates a nest and sells in another, whose products are all but the same: the map
    of markups creeps and does not arrive in 5,000 steps."""
    market = tmp_path / "market.yaml"
    market.write_text(
        "as_of: 2026-11-01\n"
        "currency: USD\n"
        "buyers: 400_000_000\n"
        "nests: {near: 0.5, far: 0.97}\n"
        "own: {name: tickets, nest: near, price: 60, share: 0.02, monthly_answers: 40_000_000, "
        "customers: 14, elasticity: {value: -6}}\n"
        "rivals:\n"
        "  - {name: acme-intents, firm: acme, nest: near, price: 65, share: 0.75}\n"
        "  - {name: acme-lite, firm: acme, nest: far, price: 57, share: 0.2}\n"
        "  - {name: borealis, nest: far, price: 72, share: 0.02, cost: 50}\n",
        encoding="utf-8",
    )
    return market


def test_a_market_that_the_map_cannot_settle_is_settled(run: Run, tmp_path: Path) -> None:
    market = lopsided(tmp_path)
    code, out, _ = run("price", PLAN, "-m", market, "--json")
    assert code == 0
    found = json.loads(out)["recommendation"]
    assert found["holds"] is True
    assert found["unsettled_draws"] == 0.0
    assert found["settled_draws"] == found["draws"]
    code, out, _ = run("price", PLAN, "-m", market)
    assert f"in {found['draws']} of them prices settled" in " ".join(out.split())
    assert "left out" not in out  # none were


def test_prices_that_do_not_settle_are_said_so(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what a market too hard for the bound would meet: no steps are left
    monkeypatch.setattr("undercut.sell.pricing.equilibrium.many_markets._ANSWERS", 0)
    monkeypatch.setattr("undercut.sell.pricing.equilibrium.many_markets._NEWTON_STEPS", 0)
    market = lopsided(tmp_path)
    code, out, _ = run("price", PLAN, "-m", market, "--language", "zh", "--json", "--out", "p")
    assert code == 0
    found = json.loads(out)
    assert found["recommendation"]["holds"] is False
    assert found["recommendation"]["unsettled_draws"] > 0.5
    assert "equilibrium" not in found["recommendation"]["why"]
    note = next(each for each in found["notes"] if each["says"] == "not_settled")
    assert "did not settle in 301 steps" in note["text"]
    assert note["caution"] == "no convergence"
    page = (tmp_path / "p" / "price.html").read_text(encoding="utf-8")
    assert "不是均衡：迭代" in page
    assert "did not settle" not in page
    assert "的价格没有稳定下来" in page  # most drawn markets do not settle either


def test_a_plan_that_was_changed_or_never_measured(run: Run, tmp_path: Path) -> None:
    from undercut.core.artefacts import write_manifest

    folder = tmp_path / "plan"
    folder.mkdir()
    description = json.loads((PLAN / "plan.json").read_text(encoding="utf-8"))
    (folder / "plan.json").write_text(json.dumps({**description, "cost": None}), encoding="utf-8")
    write_manifest(folder, kind="plan", created_by="a test")
    code, _, err = run("price", folder, "-m", MARKET)
    assert code == 3
    assert "was not measured, so it has no floor" in err
    (folder / "plan.json").write_text(json.dumps(description), encoding="utf-8")
    assert run("price", folder, "-m", MARKET)[0] == 6
    write_manifest(folder, kind="plan", created_by="a test")
    code, out, _ = run("price", folder, "-m", MARKET, "--json")
    assert code == 0
    assert json.loads(out)["unit"]["basis"] == "dearest"
    code, _, err = run("price", tmp_path / "nothing", "-m", MARKET)
    assert code == 6


def test_a_price_list_in_another_currency_makes_a_price_in_it(run: Run, tmp_path: Path) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text(
        "- {id: c7i.large, kind: host, unit: wall_seconds, price: 0.65, currency: CNY, per: 3600, "
        "vcpus: 2, source: own contract, date: 2026-11-01}\n",
        encoding="utf-8",
    )
    market = changed(tmp_path, "currency: USD", "currency: CNY")
    code, out, _ = run("price", PLAN, "-m", market, "--prices", prices, "--json")
    assert code == 0
    assert json.loads(out)["currency"] == "CNY"


def table(path: Path, header: str, rows: list[tuple[object, ...]]) -> Path:
    path.write_text(
        "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8"
    )
    return path


def test_van_westendorp_from_a_file(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [
        (*tuple(np.round(np.cumsum(rng.uniform(5, 15, 4)), 2).tolist()), 4, 2) for _ in range(60)
    ]
    header = "too_cheap,cheap,expensive,too_expensive,buys_cheap,buys_expensive"
    path = table(tmp_path / "answers.csv", header, rows)
    code, out, _ = run("demand", "survey", path, "--kind", "van-westendorp", "--json")
    assert code == 0
    found = json.loads(out)
    assert "Newton-Miller-Smith" in found["method"]
    values = {each["name"]: each for each in found["estimates"]}
    optimal = values["optimal price"]
    assert optimal["low"] <= optimal["value"] <= optimal["high"]
    assert found["curve"]


def test_gabor_granger_from_a_file(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    limits = rng.uniform(5, 45, 80)
    rows = [tuple(int(limit >= price) for price in (10, 20, 30, 40)) for limit in limits]
    path = table(tmp_path / "buys.csv", "10,20,30,40", rows)
    code, out, _ = run("demand", "survey", path, "--kind", "gabor-granger", "--cost", "2")
    assert code == 0
    assert "best price" in out
    code, _, err = run("demand", "survey", path, "--kind", "van-westendorp")
    assert code == 2
    assert "too_cheap" in err


def test_choices_from_a_file_give_a_quality_value(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = []
    for choice in range(400):
        price, quality = rng.uniform(20, 80, 3), rng.uniform(80, 99, 3)
        utility = -0.05 * price + 0.1 * quality + rng.gumbel(size=3)
        rows += [
            (choice, int(at == utility.argmax()), round(price[at], 2), round(quality[at], 2))
            for at in range(3)
        ]
    path = table(tmp_path / "choices.csv", "choice,chosen,price,quality", rows)
    code, out, _ = run("demand", "choices", path, "--json")
    assert code == 0
    found = json.loads(out)
    worth = next(each for each in found["estimates"] if each["name"] == "worth of quality")
    assert worth["low"] < 2.0 < worth["high"]
    assert found["for_market_file"][0].startswith("quality_value:")
    rows[:2] = [(0, 1, 30, 90), (0, 1, 40, 95)]
    code, _, err = run("demand", "choices", table(path, "choice,chosen,price,quality", rows))
    assert code == 3
    assert "exactly one alternative" in err


def test_logs_give_an_elasticity_for_the_market_file(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    cost, season = rng.normal(0, 0.3, 300), rng.normal(0, 0.3, 300)
    price = np.exp(3 + cost + 0.5 * season)
    sold = np.exp(8 - 2.0 * np.log(price) + season + rng.normal(0, 0.1, 300))
    rows = list(zip(price, sold, cost, season, strict=True))
    path = table(tmp_path / "logs.csv", "price,quantity,cost,season", rows)
    code, out, _ = run("demand", "logs", path, "--instrument", "cost", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["estimates"][0]["value"] == pytest.approx(-2.0, abs=0.2)
    assert found["for_market_file"][1].strip().startswith("elasticity:")
    code, out, _ = run("demand", "logs", path, "--control", "season")
    assert code == 0
    assert "no instruments" in out
    code, _, err = run("demand", "logs", path)
    assert code == 2
    assert "--instrument" in err


@pytest.mark.parametrize(
    ("rows", "code", "told"),
    [
        ([(10, 5, 1)], 3, "observation"),
        ([(10, 5, at) for at in range(40)], 3, "price"),
        ([(10, -5, 1), (11, 5, 2)], 3, "quantity must be above 0"),
        ([(10, "many", 1), (11, 5, 2)], 3, "expected a number"),
    ],
)
def test_logs_that_carry_nothing(
    run: Run, tmp_path: Path, rows: list[tuple[object, ...]], code: int, told: str
) -> None:
    path = table(tmp_path / "logs.csv", "price,quantity,cost", rows)
    found, _, err = run("demand", "logs", path, "--instrument", "cost")
    assert found == code
    assert told in err


def test_estimates_and_price_tests_write_their_page(run: Run, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(
        "too_cheap,cheap,expensive,too_expensive\n" + "1,3,6,9\n2,4,7,11\n" * 9, encoding="utf-8"
    )
    (tmp_path / "c.csv").write_text(
        "price,visitors,sales\n50usd,900,60\n60usd,910,40\n", encoding="utf-8"
    )
    survey = ("demand", "survey", "s.csv", "--kind", "van-westendorp", "--language", "zh")
    code, out, _ = run(*survey, "--report", "s.html", "--json")
    assert code == 0
    assert json.loads(out)["notes"][0]["says"] == "few_respondents"
    assert "价格问卷" in (tmp_path / "s.html").read_text(encoding="utf-8")
    test = ("experiment", "analyse", "c.csv", "--cost", "5usd", "--control", "60usd")
    assert run(*test, "--report", "t.html")[0] == 0
    assert "Profit a visitor" in (tmp_path / "t.html").read_text(encoding="utf-8")
    code, _, err = run(*test, "--report", tmp_path / "no" / "t.html")
    assert code != 0
    assert "no" in err
