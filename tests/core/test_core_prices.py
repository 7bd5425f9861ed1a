from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.core.errors import ConfigError
from undercut.core.money import Money
from undercut.core.price_files import load_prices
from undercut.core.prices import PriceRow, cost_of, cost_per_million, usd_per_million
from undercut.core.usage import Unit, Usage

MINE = {
    "id": "my-box",
    "kind": "host",
    "unit": "wall_seconds",
    "price": "0.36",
    "currency": "USD",
    "per": "3600",
    "vcpus": 4,
    "source": "our invoice",
    "date": "2026-11-01",
}


def use(**quantities: str) -> list[Usage]:
    return [Usage(Unit(name), Decimal(text)) for name, text in quantities.items()]


def box(**changes: object) -> PriceRow:
    return PriceRow.model_validate(MINE | changes)


def written(folder: Path, rows: object, name: str = "prices.json") -> Path:
    path = folder / name
    path.write_text(rows if isinstance(rows, str) else json.dumps(rows), encoding="utf-8")
    return path


def test_every_shipped_row_says_where_and_when_it_was_read() -> None:
    prices = load_prices()
    assert len(prices.names()) == 7
    assert all(row.source and row.date.year >= 2026 and row.vcpus for row in prices.rows)
    assert prices.host("c7i.large").hourly == Money.parse("0.08925 USD")
    assert prices.host("g5.xlarge").gpu == "NVIDIA A10G"


def test_an_unknown_host_names_near_ones() -> None:
    with pytest.raises(ConfigError, match=r"Try: .*c7i\.large"):
        load_prices().host("c7i-large")
    with pytest.raises(ConfigError, match="add a row"):
        load_prices().host("zzzz")


def test_the_users_rows_win_and_the_last_file_wins_most(tmp_path: Path) -> None:
    first = written(tmp_path, [MINE | {"id": "c7i.large", "price": "9"}, MINE], "a.json")
    second = written(tmp_path, {"rows": [MINE | {"price": "7.2"}]}, "b.json")
    prices = load_prices(first, second)
    assert prices.host("c7i.large").hourly == Money.parse("9 USD")
    assert prices.host("my-box").hourly == Money.parse("7.2 USD")
    assert prices.host("g5.xlarge") == load_prices().host("g5.xlarge")


def test_yaml_and_json_numbers_are_read_as_written(tmp_path: Path) -> None:
    row_in_yaml = MINE | {"price": 12345}
    yaml = "- " + "\n  ".join(f"{name}: {value}" for name, value in row_in_yaml.items())
    yaml = yaml.replace("12345", "0.10000000000000001")
    row = load_prices(written(tmp_path, yaml, "p.yaml")).host("my-box")
    assert row.price == Decimal("0.10000000000000001")
    rows = json.dumps([MINE | {"price": 12345}]).replace("12345", "0.30000000000000004")
    assert load_prices(written(tmp_path, rows)).host("my-box").price == Decimal(
        "0.30000000000000004"
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"source": None}, "source"),
        ({"source": ""}, "source"),
        ({"date": None}, "date"),
        ({"price": "-1"}, "price"),
        ({"price": "NaN"}, "price"),
        ({"price": "1e-19"}, "18 decimal places"),
        ({"currency": "usd"}, "currency"),
        ({"per": 0}, "per"),
        ({"vcpus": None}, "vcpus"),
        ({"unit": "labels"}, "wall_seconds"),
        ({"unit": "hours"}, "unit"),
        ({"kind": "machine"}, "kind"),
        ({"pirce": "1"}, "pirce"),
    ],
)
def test_a_bad_row_is_refused_with_file_and_row(
    tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    path = written(tmp_path, [MINE, MINE | {"id": "other"} | change])
    with pytest.raises(ConfigError, match=rf"prices\.json: row 2: .*{complaint}"):
        load_prices(path)


def test_a_row_without_source_or_date_is_refused(tmp_path: Path) -> None:
    for field in ("source", "date"):
        row = {name: value for name, value in MINE.items() if name != field}
        with pytest.raises(ConfigError, match=f"row 1: {field} is missing"):
            load_prices(written(tmp_path, [row]))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "not valid"),
        ("[" * 100_000, "not valid"),
        ('"rows"', "expected a list"),
        ("{}", "expected a list"),
        ('{"schema": 2, "rows": []}', "schema 2"),
        ("[3]", "row 1"),
        (json.dumps([MINE, MINE]), "row 2: the id 'my-box' stands in row 1"),
    ],
)
def test_a_file_that_is_no_price_list_is_refused(
    tmp_path: Path, content: str, complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load_prices(written(tmp_path, content))


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_prices(tmp_path / "none.json")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_prices(tmp_path / "binary.yaml")
    with pytest.raises(ConfigError, match="not valid"):
        load_prices(written(tmp_path, "- !!python/object:os.system {}", "evil.yaml"))


def test_a_job_pays_for_its_wall_time_whatever_its_cores_did() -> None:
    assert cost_of(use(wall_seconds="100"), box()) == Money.parse("0.01 USD")
    both = use(wall_seconds="100", cpu_seconds="390", gpu_seconds="50")
    assert cost_of(both, box()) == Money.parse("0.01 USD")


def test_seconds_without_wall_time_are_priced_as_shares() -> None:
    assert cost_of(use(cpu_seconds="100"), box()) == Money.parse("0.0025 USD")
    assert cost_of(use(gpu_seconds="100", cpu_seconds="9"), box(gpu="T4")) == Money.parse(
        "0.01 USD"
    )
    assert cost_of(use(gpu_seconds="100"), box()) is None


def test_unknown_cost_is_none_and_never_zero() -> None:
    assert cost_of(use(wall_seconds="100"), None) is None
    assert cost_of([], box()) is None
    assert cost_of(use(wall_seconds="100", labels="5"), box()) is None
    assert cost_of(use(wall_seconds="0"), box()) == Money.zero("USD")


def test_other_rows_price_their_own_unit() -> None:
    tokens = box(id="model", kind="tokens", unit="tokens", price="3", per="1000000", vcpus=None)
    assert cost_of(Usage(Unit.TOKENS, Decimal(500)), tokens) == Money.parse("0.0015 USD")
    assert cost_of(use(tokens="500", wall_seconds="1"), tokens) is None
    with pytest.raises(ConfigError, match="row of a host"):
        cost_per_million(5.0, tokens)


def test_a_million_answers() -> None:
    # 0.36 $/h is 1e-4 $/s; a million texts at 100/s take 1e4 s
    assert usd_per_million(100.0, box()) == Money.parse("1 USD")
    assert cost_per_million(100.0, box(currency="CNY")) == Money.parse("1 CNY")
    with pytest.raises(ConfigError, match="not in USD"):
        usd_per_million(100.0, box(currency="CNY"))
    for speed in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ConfigError, match="> 0"):
            usd_per_million(speed, box())


@given(st.lists(st.integers(min_value=0, max_value=10**7), min_size=1, max_size=8))
def test_cost_is_additive_to_within_rounding(seconds: list[int]) -> None:
    parts = [Usage(Unit.WALL_SECONDS, Decimal(s)) for s in seconds]
    whole = cost_of(parts, box(per="7"))
    assert whole is not None
    exactly = Decimal(sum(seconds)) * Decimal("0.36") / 7
    assert abs(whole.amount - exactly) <= len(parts) * Decimal("1e-18")
