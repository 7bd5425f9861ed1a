"""Instruments and double ML: against closed forms, pyblp, and worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from undercut.core.errors import ConfigError, InputError
from undercut.sell.pricing.demand.anderson_rubin import anderson_rubin
from undercut.sell.pricing.demand.double_ml import DoubleMlConfig, double_ml
from undercut.sell.pricing.demand.estimate import Caution
from undercut.sell.pricing.demand.learners import SplineRidge
from undercut.sell.pricing.demand.plain_iv import WITHIN, plain_logit
from undercut.sell.pricing.demand.two_stage import effective_f, two_stage


def _world(seed: int, rows: int, strength: float, instruments: int = 1):
    """Demand with elasticity -1.5; price and demand share an unseen shock."""
    rng = np.random.default_rng(seed)
    shifters = rng.normal(size=(rows, instruments))
    unseen = rng.normal(size=rows)
    price = strength * shifters.sum(axis=1) + unseen + 0.5 * rng.normal(size=rows)
    outcome = 2.0 - 1.5 * price + 1.5 * unseen + rng.normal(size=rows) * (1 + 0.3 * abs(unseen))
    return outcome, price, shifters


def test_one_instrument_is_the_ratio_of_covariances() -> None:
    outcome, price, shifter = _world(0, 500, 0.8)
    found = two_stage(outcome, price, shifter)
    wald = np.cov(shifter[:, 0], outcome)[0, 1] / np.cov(shifter[:, 0], price)[0, 1]
    assert found.effect.value == pytest.approx(wald, rel=1e-10)
    centred = shifter[:, 0] - shifter[:, 0].mean()
    error = np.sqrt(((centred * found.residual) ** 2).sum()) / abs(centred @ price)
    assert found.effect.standard_error == pytest.approx(error, rel=1e-10)
    assert found.effect.low < -1.5 < found.effect.high
    assert found.plain.low > -1.3  # least squares is fooled by the unseen shock
    assert not found.notes


def test_effective_f_of_one_instrument_is_its_squared_t() -> None:
    _, price, shifter = _world(1, 300, 0.4)
    centred = shifter[:, 0] - shifter[:, 0].mean()
    slope = centred @ price / (centred @ centred)
    residual = price - price.mean() - slope * centred
    spread = np.sqrt(((centred * residual) ** 2).sum()) / (centred @ centred)
    found = effective_f(price, shifter, np.ones((300, 1)))
    assert found == pytest.approx((slope / spread) ** 2, rel=1e-10)


def test_anderson_rubin_is_the_set_that_a_direct_test_accepts() -> None:
    outcome, price, shifters = _world(3, 200, 0.25, instruments=3)
    found = anderson_rubin(outcome, price, shifters, np.ones((200, 1)))
    design = np.column_stack([shifters, np.ones(200)])
    inverse = np.linalg.inv(design.T @ design)

    def accepted(effect: float) -> bool:
        left = outcome - effect * price
        slopes = inverse @ design.T @ left
        scored = design * (left - design @ slopes)[:, None]
        covariance = (inverse @ scored.T @ scored @ inverse)[:3, :3]
        wald = slopes[:3] @ np.linalg.solve(covariance, slopes[:3])
        return bool(wald <= chi2.ppf(0.95, 3))

    grid = np.linspace(-8.0, 4.0, 601)
    assert [found.covers(each) for each in grid] == [accepted(each) for each in grid]
    for low, high in found.pieces:
        assert accepted(low + 1e-7)
        assert not accepted(low - 1e-6)
        assert accepted(high - 1e-7)
        assert not accepted(high + 1e-6)


def test_weak_instruments_are_said_and_their_interval_still_covers() -> None:
    covered, unbounded = 0, 0
    for seed in range(200):
        outcome, price, shifter = _world(seed, 150, 0.08)
        found = two_stage(outcome, price, shifter)
        covered += found.anderson_rubin.covers(-1.5)
        unbounded += not found.anderson_rubin.bounded
        if found.first_stage_f < 10.0:
            assert Caution.WEAK_INSTRUMENTS in [each.caution for each in found.notes]
    assert 180 <= covered <= 199  # 95% of 200, give or take 3 standard errors
    assert unbounded > 50


def test_fixed_effects_and_clusters_enter() -> None:
    outcome, price, shifter = _world(5, 400, 0.8)
    shop = np.repeat(np.arange(40), 10)
    outcome = outcome + shop
    found = two_stage(outcome, price, shifter, absorbed=[shop], clusters=shop)
    dummies = np.eye(40)[shop][:, 1:]
    same = two_stage(outcome, price, shifter, controls=dummies, clusters=shop)
    assert found.effect.value == pytest.approx(same.effect.value, rel=1e-9)
    assert found.effect.standard_error == pytest.approx(same.effect.standard_error, rel=1e-8)


@pytest.mark.parametrize(
    ("outcome", "price", "said"),
    [
        ([1.0], [2.0], "1 observation"),
        ([1.0, 2.0, 3.0, 4.0], [2.0, 2.0, 2.0, 2.0], "never changes"),
        ([1.0, 2.0, np.nan, 4.0], [2.0, 3.0, 2.0, 2.0], "finite"),
        ([1.0, 2.0, 3.0], [2.0, 3.0], "3 entries"),
    ],
)
def test_logs_that_cannot_carry_an_estimate_are_named(outcome, price, said: str) -> None:
    with pytest.raises(InputError, match=said):
        two_stage(np.array(outcome), np.array(price), np.arange(len(outcome), dtype=float))


def test_plain_logit_is_that_of_pyblp_on_cereal(cereal) -> None:
    found = plain_logit(cereal.panel)
    price = found.parameter("prices")
    # the figures pyblp's tutorial prints for this problem
    assert (round(price.value, 0), round(price.standard_error, 1)) == (-30.0, 1.0)
    demand, prices = found.demand_in("C01Q1")
    rows = cereal.panel.rows_of("C01Q1")
    np.testing.assert_allclose(demand.shares(prices), cereal.panel.shares[rows], rtol=1e-10)


def test_nested_logit_is_that_of_pyblp_on_cereal(cereal) -> None:
    pyblp, pandas = pytest.importorskip("pyblp"), pytest.importorskip("pandas")
    from undercut.sell.pricing.demand.blp.panel import panel

    pyblp.options.verbose = False
    table = pandas.read_csv(pyblp.data.NEVO_PRODUCTS_LOCATION)
    table["nesting_ids"] = table["mushy"]
    group = table.groupby(["market_ids", "nesting_ids"])["shares"]
    table["demand_instruments20"] = group.transform("size")
    theirs = pyblp.Problem(pyblp.Formulation("0 + prices"), table).solve(rho=0.7, method="1s")
    made = panel(
        markets=cereal.columns["market_ids"],
        shares=cereal.panel.shares,
        prices=cereal.panel.prices,
        instruments=np.column_stack(
            [cereal.panel.instruments, table["demand_instruments20"].to_numpy(float)]
        ),
    )
    nests = cereal.columns["mushy"].astype(int)
    found = plain_logit(made, nests=nests)
    # pyblp's tutorial prints 8.9E-01 (1.9E-02) and -7.8 (4.8E-01)
    assert found.parameter(WITHIN).value == pytest.approx(theirs.rho[0, 0], rel=1e-4)
    assert found.parameter("prices").value == pytest.approx(theirs.beta[0, 0], rel=1e-4)
    assert found.parameter(WITHIN).standard_error == pytest.approx(theirs.rho_se[0, 0], rel=1e-3)
    demand, prices = found.demand_in("C01Q1")
    rows = made.rows_of("C01Q1")
    np.testing.assert_allclose(demand.shares(prices), made.shares[rows], rtol=1e-9)


def _confounded(seed: int, rows: int):
    rng = np.random.default_rng(seed)
    controls = rng.normal(size=(rows, 3))
    season = np.sin(controls[:, 0]) + 0.5 * controls[:, 1] ** 2
    price = season + 0.3 * rng.normal(size=rows)
    outcome = -1.5 * price + 2.0 * season + 0.5 * rng.normal(size=rows)
    return outcome, price, controls


def test_double_ml_sees_through_what_controls_explain() -> None:
    outcome, price, controls = _confounded(2, 1000)
    found = double_ml(outcome, price, controls, DoubleMlConfig(splits=2))
    naive = np.polyfit(price, outcome, 1)[0]
    assert naive > -0.3
    assert abs(found.effect.value + 1.5) < 0.15
    again = double_ml(outcome, price, controls, DoubleMlConfig(splits=2))
    assert again == found


def test_double_ml_intervals_cover() -> None:
    covered = 0
    for seed in range(60):
        found = double_ml(*_confounded(seed, 400), DoubleMlConfig(splits=1, folds=4))
        covered += found.effect.low <= -1.5 <= found.effect.high
    # near 95% as the controls are learnt better; 400 rows leave a small bias (README)
    assert covered >= 48


def test_double_ml_says_what_it_cannot_see() -> None:
    outcome, price, controls = _confounded(0, 60)
    assert Caution.FEW_OBSERVATIONS in [
        each.caution for each in double_ml(outcome, price, controls).notes
    ]
    with pytest.raises(InputError, match="too few for 5 folds"):
        double_ml(outcome[:20], price[:20], controls[:20])
    tied = controls[:, 0] + 0.01 * price
    notes = double_ml(outcome, tied, controls).notes
    assert Caution.NO_PRICE_VARIATION in [each.caution for each in notes]
    with pytest.raises(ConfigError, match="folds"):
        DoubleMlConfig(folds=1)


def test_ridge_beats_the_mean_and_stays_in_range() -> None:
    rng = np.random.default_rng(0)
    known, new = rng.uniform(-1, 1, (200, 2)), rng.uniform(-1, 1, (100, 2))

    def truth(x: np.ndarray) -> np.ndarray:
        return x[:, 0] ** 2 - x[:, 0] * x[:, 1]

    found = SplineRidge().fit_predict(known, truth(known) + 0.1 * rng.normal(size=200), new)
    assert np.mean((found - truth(new)) ** 2) < 0.05 * truth(new).var()
    far = SplineRidge().fit_predict(known, truth(known), np.array([[1e3, 1e3]]))
    assert abs(far[0]) < 1e8  # straight beyond what was seen, or nearly: no cubes of a million
