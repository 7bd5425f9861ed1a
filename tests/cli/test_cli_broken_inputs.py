"""Broken inputs through every command that sells: each answer says what, where, and what to try.

Shares over 1, negative margins, no convergence, one observation, prices in two currencies, missing
dates: one line of the table for each command that can meet it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cli_fakes import Call

ROOT = Path(__file__).parents[2]
PLAN = str(ROOT / "examples" / "stored" / "plan")
SHIPPED = ROOT / "src" / "undercut" / "assets" / "market" / "snapshot.json.gz"
MARKET = (ROOT / "examples" / "market.yaml").read_text(encoding="utf-8")
SELLING: Mapping[str, tuple[str, ...]] = {
    "price": ("price", PLAN),
    "war": ("war", PLAN, "--rival", "acme", "--cut", "50%"),
    "offer": ("offer", PLAN),
}
START = (
    "experiment", "start", "t.json", "--control", "60usd", "--loss-bound", "500usd",
)  # fmt: skip
WARNED = 0  # the answer comes, with a caution


@dataclass(frozen=True)
class Case:
    """One broken input. said: all of this must be told; tried: in the line of what to try."""

    command: tuple[str, ...]
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    code: int = 3
    said: tuple[str, ...] = ()
    tried: str = ""


def _edited(*edits: tuple[str, str]) -> str:
    text = MARKET
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def _line(text: str, part: str) -> int:
    return next(at for at, line in enumerate(text.splitlines(), 1) if part in line)


ELASTICITY = "elasticity: {value: -0.2, low: -0.3, high: -0.1}"
MARKETS: Mapping[str, tuple[tuple[tuple[str, str], ...], str, tuple[str, ...], str]] = {
    # what: edits, the part of the line that is named, what is said, what to try
    "shares over 1": (
        (("share: 0.24", "share: 0.74"),),
        "outside_share",
        ("sum to 1.2", "0.3 outside"),
        "each product once",
    ),
    "a share in per cent": (
        (("share: 0.24", "share: 24"),),
        "share: 24",
        ("rivals[1].share", "between 0 and 1", "got 24"),
        "0.12",
    ),
    "a negative margin": (
        (("cost: 30.00", "cost: 90.00"),),
        "",
        ("borealis", "72 USD", "90 USD", "at or below cost"),
        "leave its cost out",
    ),
    "an own margin below 0": (
        (("margin_error: 0.2 ", "margin: -0.2\n  margin_error: 0.2 "),),
        "firm: us",
        ("own margin", "between 0 and 1", "-0.2"),
        "(price - marginal cost) / price",
    ),
    "an elasticity that no price fits": (
        (
            (
                "margin_error: 0.2 ",
                "elasticity: {value: -0.2, low: -0.3, high: -0.1}\n  margin_error: 0.2 ",
            ),
        ),
        "",
        ("own elasticity of -0.2 is too small for any price to be the best",),
        "check its sign and its interval",
    ),
    "two currencies": (
        (("price: 65.00", "price: 65.00 cny"),),
        "65.00 cny",
        ("rivals[1].price", "65 CNY is not in USD"),
        "one currency a file",
    ),
    "no date": (
        (("as_of: 2026-11-01", "# as_of"),),
        "",
        ("as_of is missing",),
        "2026-11-01",
    ),
    "a date that is none": (
        (("as_of: 2026-11-01", "as_of: soon"),),
        "as_of: soon",
        ("expected a day", "'soon'"),
        "2026-11-01",
    ),
    "a demand that nothing fits": (
        (("per: 1_000_000", "demand: {price_spread: 9}\nper: 1_000_000"),),
        "price_spread: 9",
        ("price_spread must lie in [0, 1.5]", "got 9"),
        "0.4",
    ),
}


def _market_cases() -> Iterator[tuple[str, Case]]:
    for what, (edits, part, said, tried) in MARKETS.items():
        text = _edited(*edits)
        where = f"market.yaml:{_line(text, part)}: " if part else "market.yaml"
        for name, command in SELLING.items():
            yield f"{name}: {what}", Case(command, {"market.yaml": text}, 3, (where, *said), tried)


SURVEY = "too_cheap,cheap,expensive,too_expensive\n"
SNAPSHOT = json.loads(gzip.decompress(SHIPPED.read_bytes()))
RIVALS = "rivals:\n  - {name: a, price: 5, per: 1000, date: 2026-10-01, source: page}\n"
COUNTS = "price,visitors,sales\n"

OTHERS: Mapping[str, Case] = {
    "survey: two currencies": Case(
        ("market", "survey", "--competitors", "r.yaml"),
        {"r.yaml": RIVALS.replace("price: 5", "price: 5, currency: CNY")},
        said=("r.yaml", "rival 1 (a)", "is priced in CNY, the market in USD"),
        tried="every price in USD",
    ),
    "survey: missing date": Case(
        ("market", "survey", "--competitors", "r.yaml"),
        {"r.yaml": RIVALS.replace("date: 2026-10-01, ", "")},
        said=("r.yaml: rival 1: date is missing",),
        tried="date: 2026-10-01",
    ),
    "survey: a negative price": Case(
        ("market", "survey", "--competitors", "r.yaml"),
        {"r.yaml": RIVALS.replace("price: 5", "price: -5")},
        said=("r.yaml: rival 1: price", "greater than or equal to 0", "got -5"),
        tried="price: 0.40",
    ),
    "survey: nobody so good": Case(
        ("market", "survey", "--quality", "9000"),
        code=2,
        said=("quality", "9000", "such as 1300"),
        tried="--quality",
    ),
    "refresh: not a snapshot": Case(
        ("market", "refresh", "new.json"),
        {"new.json": "{}"},
        6,
        ("new.json: schema None", "'undercut-market-1'"),
        "a market snapshot",
    ),
    "refresh: missing date": Case(
        ("market", "refresh", "new.json"),
        {"new.json": json.dumps({k: v for k, v in SNAPSHOT.items() if k != "built"})},
        code=6,
        said=("new.json: built: no date", "2026-10-21"),
        tried="a market snapshot",
    ),
    "refresh: a price below 0": Case(
        ("market", "refresh", "new.json"),
        {
            "new.json": json.dumps(
                SNAPSHOT | {"offers": [["k", *SNAPSHOT["offers"][0][1:4], "-1", "1", "2026-01-01"]]}
            )
        },
        code=6,
        said=("new.json: offers, row 1", "not negative", "got -1"),
        tried="a market snapshot",
    ),
    "backtest: too few months": Case(
        ("market", "backtest", "--months", "99"), code=2, said=("1 to 12", "99"), tried="--months"
    ),
    "refresh: two currencies": Case(
        ("market", "refresh", "new.json"),
        {"new.json": json.dumps(SNAPSHOT | {"currency": "usd and eur"})},
        code=6,
        said=("new.json: currency", "three capital letters", "'usd and eur'"),
        tried="a market snapshot",
    ),
    "backtest: one observation": Case(
        ("market", "backtest", "--snapshot", "s.json"),
        {"s.json": json.dumps(SNAPSHOT | {"offers": SNAPSHOT["offers"][:1], "changes": {}})},
        said=("s.json: no offer of the snapshot has a rating",),
        tried="undercut market refresh",
    ),
    "backtest: missing date": Case(
        ("market", "backtest", "--snapshot", "s.json"),
        {"s.json": json.dumps({k: v for k, v in SNAPSHOT.items() if k != "built"})},
        code=6,
        said=("s.json: built: no date",),
        tried="a market snapshot",
    ),
    "demand survey: one observation": Case(
        ("demand", "survey", "a.csv", "--kind", "van-westendorp"),
        {"a.csv": SURVEY + "1,2,3,4\n"},
        code=WARNED,
        said=("few observations",),
    ),
    "demand survey: prices that do not rise": Case(
        ("demand", "survey", "a.csv", "--kind", "van-westendorp"),
        {"a.csv": SURVEY + "4,3,2,1\n" * 30},
        said=("a.csv: none of 30 answers has too cheap < cheap < expensive",),
        tried="not swapped",
    ),
    "demand survey: two currencies": Case(
        ("demand", "survey", "a.csv", "--kind", "van-westendorp"),
        {"a.csv": SURVEY + "1,2,3,4\n" * 20 + "1usd,2cny,3,4\n"},
        said=("a.csv:22: too_cheap: expected a number, got '1usd'",),
        tried="one currency",
    ),
    "demand choices: one observation": Case(
        ("demand", "choices", "c.csv"),
        {"c.csv": "choice,chosen,price\n1,1,5\n1,0,7\n"},
        code=WARNED,
        said=("few observations",),
    ),
    "demand choices: two chosen": Case(
        ("demand", "choices", "c.csv"),
        {"c.csv": "choice,chosen,price\n1,1,5\n1,1,7\n"},
        said=("c.csv:2: choice '1': exactly one alternative must be chosen",),
        tried="buying nothing is an alternative too",
    ),
    "demand choices: no convergence": Case(
        ("demand", "choices", "c.csv"),
        {"c.csv": "choice,chosen,price\n" + "".join(f"{n},1,5\n{n},0,7\n" for n in range(40))},
        code=WARNED,
        said=("separation",),
    ),
    "demand logs: one observation": Case(
        ("demand", "logs", "l.csv", "--instrument", "cost"),
        {"l.csv": "price,quantity,cost\n5,10,2\n"},
        said=("l.csv: 1 observation(s) cannot show", "at least 3"),
        tried="collect more periods",
    ),
    "demand logs: a negative price": Case(
        ("demand", "logs", "l.csv", "--instrument", "cost"),
        {"l.csv": "price,quantity,cost\n" + "5,10,2\n" * 30 + "-5,10,2\n"},
        said=("l.csv:32: price must be above 0, got -5",),
        tried="leave the row out",
    ),
    "demand logs: one price": Case(
        ("demand", "logs", "l.csv", "--instrument", "cost"),
        {"l.csv": "price,quantity,cost\n" + "5,10,2\n" * 30},
        said=("l.csv: the price never changes",),
        tried="run a price test",
    ),
    "demand logs: two currencies": Case(
        ("demand", "logs", "l.csv", "--instrument", "cost"),
        {"l.csv": "price,quantity,cost\n5,10,2\n5 CNY,10,2\n"},
        said=("l.csv:3: price: expected a number, got '5 CNY'",),
        tried="one currency",
    ),
    "experiment: two currencies": Case(
        (*START, "--price", "60usd", "--price", "50cny", "--floor", "5usd", "--cost", "1usd"),
        said=("60 USD is not in CNY", "one currency"),
        tried="undercut converts nothing",
    ),
    "experiment: below the floor": Case(
        (*START, "--price", "60usd", "--price", "3usd", "--floor", "5usd", "--cost", "1usd"),
        said=("the price 3 USD lies below the floor of $5.00",),
        tried="prices at the floor or above",
    ),
    "experiment: a negative margin": Case(
        (*START, "--price", "60usd", "--price", "70usd", "--floor", "5usd", "--cost", "65usd"),
        said=("a sale costs $65.00: at 60 USD it earns nothing",),
        tried="prices above the cost",
    ),
    "experiment: one price": Case(
        (*START, "--price", "60usd", "--floor", "5usd", "--cost", "1usd"),
        said=("needs two prices or more, got 1",),
        tried="--price 50usd --price 60usd",
    ),
    "analyse: two currencies": Case(
        ("experiment", "analyse", "c.csv", "--cost", "5usd", "--control", "60usd"),
        {"c.csv": COUNTS + "60usd,100,5\n70cny,100,4\n"},
        said=("c.csv:3: 70 CNY is not in USD",),
        tried="a test of their own",
    ),
    "analyse: shares over 1": Case(
        ("experiment", "analyse", "c.csv", "--cost", "5usd", "--control", "60usd"),
        {"c.csv": COUNTS + "60usd,100,150\n70usd,100,4\n"},
        said=("c.csv:2: 150 sales by 100 visitors",),
        tried="count each customer once",
    ),
    "analyse: a negative margin": Case(
        ("experiment", "analyse", "c.csv", "--cost", "65usd", "--control", "60usd"),
        {"c.csv": COUNTS + "60usd,100,15\n70usd,100,4\n"},
        said=("c.csv: a sale at 60 USD costs 65 USD: it earns nothing",),
        tried="--cost is what one more sale costs",
    ),
    "analyse: one observation": Case(
        ("experiment", "analyse", "c.csv", "--cost", "5usd", "--control", "60usd"),
        {"c.csv": COUNTS + "60usd,1,1\n70usd,0,0\n"},
        code=WARNED,
        said=("wait for more",),
    ),
}
CASES = {**dict(_market_cases()), **OTHERS}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_broken_input_gets_a_clear_answer(
    undercut_cli: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("UNDERCUT_MARKET", "UNDERCUT_BOOKS"):
        monkeypatch.delenv(name, raising=False)
    for name, content in case.files.items():
        data = content.encode("utf-8") if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
    before = sorted(each.name for each in tmp_path.iterdir())
    done = undercut_cli(*case.command)
    told = " ".join((done.out + done.err).split()) if case.code == WARNED else done.err
    assert done.code == case.code
    assert "Traceback" not in done.err
    assert "defect" not in done.err
    for each in case.said:
        assert each in told
    if case.code == WARNED:
        return
    assert done.out == ""
    problem, _, tried = done.err.partition("\nTry: ")
    assert problem.startswith("error: ")
    assert tried.strip()
    assert case.tried in tried
    assert sorted(each.name for each in tmp_path.iterdir()) == before
