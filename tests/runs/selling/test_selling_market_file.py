"""market.yaml: what it says, and a line and a way out for each mistake."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.runs.selling.market_file import read_market

EXAMPLE = Path(__file__).parents[3] / "examples" / "market.yaml"
GOOD = """\
as_of: 2026-11-01
currency: USD
own:
  name: tickets
  price: 6.00
  share: 0.10
rivals:
  - name: acme-one
    firm: acme
    price: 6.50
    share: 0.40
  - {name: bolt, price: 7 USD, share: 0.2}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "market.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_is_a_whole_situation() -> None:
    found = read_market(EXAMPLE)
    assert found.own.product.price == Money.parse("60 USD")
    assert found.outside_share == pytest.approx(0.3)
    assert [each.firm for each in found.rivals] == ["acme", "acme", "borealis"]
    assert found.own.load.monthly_answers == Decimal(40_000_000)
    assert found.market().currency == "USD"
    assert sum(segment.share for segment in found.segments) == pytest.approx(1.0)
    assert found.own.payment is not None
    assert found.own.payment.source.text == "price page of the card processor"


def test_a_short_file_is_enough(tmp_path: Path) -> None:
    found = read_market(written(tmp_path, GOOD))
    assert found.own.firm == "us"
    assert found.rivals[1].firm == "bolt"
    assert found.outside_share == pytest.approx(0.3)
    assert found.rivals[0].source.as_of.isoformat() == "2026-11-01"
    assert "market.yaml" in found.rivals[0].source.text


def test_prices_become_those_of_a_million(tmp_path: Path) -> None:
    text = GOOD.replace("currency: USD", "currency: USD\nper: 1000").replace("6.00", "0.006")
    assert read_market(written(tmp_path, text)).own.product.price == Money.parse("6 USD")


def test_shares_of_what_is_bought_are_scaled(tmp_path: Path) -> None:
    text = "outside_share: 0.5\n" + GOOD.replace("0.10", "0.40")
    found = read_market(written(tmp_path, text))
    assert found.own.product.share == pytest.approx(0.2)
    assert found.outside_share == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("as_of: 2026-11-01\n", "", 1, "as_of is missing"),
        ("2026-11-01", "01/11/2026", 1, "expected a day"),
        ("currency: USD", "currency: dollars", 2, "three capital letters"),
        ("price: 6.00", "price: 6.00 EUR", 5, "6 EUR is not in USD"),
        ("price: 6.00", "price: 6,00", 5, "not an amount of money"),
        ("price: 6.00", "prise: 6.00", 4, "price is missing"),
        ("price: 6.00", "price: -6", 4, "must be above 0"),
        ("share: 0.10", "share: 10", 6, "between 0 and 1"),
        ("share: 0.10", "share: 0.55", 1, "shares sum to 1.15"),
        ("share: 0.10", "share: 0.10\n  margin: -0.2", 4, "margin must lie between 0 and 1"),
        ("share: 0.10", "share: 0.10\n  shares: 0.1", 7, "is not a setting here"),
        ("share: 0.10", "share: 0.10\n  share: 0.1", 7, "given twice"),
        ("firm: acme", "firm: acme\n    cost: -1", 8, "must not be below 0"),
        ("name: bolt", "name: acme-one", 1, "named twice"),
        ("name: bolt", "name: bolt, nest: fast", 1, "has no correlation"),
        ("rivals:", "rivals: none\nelse:", 7, "must be a list"),
        ("own:", "own: [", 5, "not valid YAML"),
    ],
)
def test_a_mistake_has_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        read_market(written(tmp_path, GOOD.replace(old, new, 1)))
    assert message in caught.value.message
    assert caught.value.line == line
    assert caught.value.file is not None


def test_a_misspelt_key_gets_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a setting") as caught:
        read_market(written(tmp_path, GOOD.replace("rivals:", "rivls:")))
    assert caught.value.hint == "did you mean 'rivals'?"


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n"])
def test_another_document_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="expected settings"):
        read_market(written(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_market(tmp_path / "none.yaml")


def test_a_missing_file_says_what_one_needs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file") as told:
        read_market(tmp_path / "market.yaml")
    assert "docs/pricing.md" in str(told.value.hint)
