"""Learning curves carried on, and ways on compared in money."""

from __future__ import annotations

import pytest

from undercut.build.labels.deciding.learning_curve import PowerLaw, fit_power_law
from undercut.build.labels.deciding.options import Option, choose


@pytest.mark.parametrize("law", [PowerLaw(0.05, 2.0, 0.5), PowerLaw(0.0, 0.9, 0.2)])
def test_a_power_law_is_found_again(law: PowerLaw) -> None:
    sizes = (100, 200, 400, 800, 1600)
    found = fit_power_law(sizes, [law(size) for size in sizes])
    for size in (100, 1600, 6400):
        assert found(size) == pytest.approx(law(size), rel=0.08)


def test_a_flat_curve_promises_nothing() -> None:
    found = fit_power_law((100, 200, 400), (0.1, 0.1, 0.1))
    assert found(10_000) == pytest.approx(0.1, abs=0.005)


MORE = Option("more", 0.02, 10.0, "curve")
BETTER = Option("better", 0.01, 2.0, "noise")
FREE = Option("distil", 0.0, 0.0, "held out")


def test_the_cheapest_point_is_bought_first() -> None:
    assert choose([MORE, BETTER, FREE], money=100, point_worth=None).option is BETTER


def test_with_a_worth_the_largest_gain_in_money_wins() -> None:
    assert choose([MORE, BETTER], money=100, point_worth=20.0).option is MORE
    assert choose([MORE, BETTER], money=100, point_worth=2.5).option is BETTER
    stop = choose([MORE, BETTER], money=100, point_worth=1.0)
    assert (stop.option, stop.reason) == (None, "worth")


def test_what_cannot_be_paid_is_no_choice() -> None:
    assert choose([MORE, BETTER], money=5, point_worth=20.0).option is BETTER
    assert choose([MORE], money=5, point_worth=20.0).reason == "budget"
    assert choose([FREE], money=5, point_worth=None).reason == "gain"


def test_a_way_that_gains_nothing_hides_no_budget_that_is_too_small() -> None:
    """Free ways are on the table at every look, whether they pay or not."""
    nothing = Option("augment", -0.01, 0.0, "")
    assert choose([nothing, MORE], money=5, point_worth=None).reason == "budget"
    assert choose([nothing, MORE], money=5, point_worth=20.0).reason == "budget"
    assert choose([nothing], money=5, point_worth=20.0).reason == "worth"
    assert choose([nothing], money=5, point_worth=None).reason == "gain"


def test_what_a_way_is_worth_is_its_gain_in_money_less_its_cost() -> None:
    assert Option("clean", 0.02, 3.0, "").value(2.5) == pytest.approx(2.0)
    assert Option("clean", 0.02, 3.0, "").value(None) is None
