"""Multinomial logit: published estimates, other optimisers, priors, separation."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.choice_data import ChoiceData, choice_data
from undercut.sell.pricing.demand.choices import (
    Prior,
    fit_choices,
    log_likelihood,
    probabilities,
)
from undercut.sell.pricing.demand.estimate import Caution
from undercut.sell.pricing.demand.separation import separates
from undercut.sell.pricing.demand.willingness import willingness_to_pay


def _answers(seed: int, rows: int, truth: np.ndarray) -> ChoiceData:
    rng = np.random.default_rng(seed)
    attributes = rng.normal(size=(rows, 4, truth.size))
    available = rng.uniform(size=(rows, 4)) < 0.8
    available[:, 0] = True
    utility = np.where(available, attributes @ truth + rng.gumbel(size=(rows, 4)), -np.inf)
    names = [f"trait {place}" for place in range(truth.size)]
    return choice_data(attributes, names, utility.argmax(axis=1), available=available)


def _shared(folder: str) -> list[dict[str, float]]:
    where = os.environ.get("UNDERCUT_SHARED")
    path = Path(where or "") / "data" / folder / "choices.csv"
    if not where or not path.exists():
        pytest.skip("choice data are not shipped")
    with path.open(newline="", encoding="utf-8") as stream:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(stream)]


def test_swissmetro_comes_out_as_biogeme_publishes_it() -> None:
    rows = [r for r in _shared("choice_swissmetro") if r["PURPOSE"] in (1, 3) and r["CHOICE"]]
    pays = np.array([r["GA"] == 0 for r in rows])

    def column(name: str) -> np.ndarray:
        return np.array([r[name] for r in rows])

    table = np.zeros((len(rows), 3, 4))
    table[:, 0, 0], table[:, 2, 1] = 1.0, 1.0
    for place, mode in enumerate(("TRAIN", "SM", "CAR")):
        table[:, place, 2] = column(f"{mode}_TT") / 100
        table[:, place, 3] = column(f"{mode}_CO") * (pays if mode != "CAR" else 1) / 100
    data = choice_data(
        table,
        ["train", "car", "time", "cost"],
        column("CHOICE").astype(int) - 1,
        available=np.column_stack([column(f"{m}_AV") for m in ("TRAIN", "SM", "CAR")]) > 0,
    )
    found = fit_choices(data)
    assert data.rows == 6768
    assert found.log_likelihood_at_zero == pytest.approx(-6964.663, abs=5e-4)
    assert found.log_likelihood == pytest.approx(-5331.252, abs=5e-4)
    np.testing.assert_array_equal(found.values.round(3), [-0.701, -0.155, -1.278, -1.084])
    errors = [each.standard_error for each in found.coefficients]
    np.testing.assert_allclose(errors, [0.0549, 0.0432, 0.0569, 0.0518], atol=5e-5)


def test_telephone_plans_agree_with_another_optimiser() -> None:
    rows = _shared("choice_telephone_plan")
    table = np.zeros((len(rows), 5, 5))
    for place, plan in enumerate([0, 2, 3, 4]):
        table[:, plan, place] = 1.0
    for plan in range(5):
        table[:, plan, 4] = np.log([r[f"cost{plan + 1}"] for r in rows])
    data = choice_data(
        table,
        ["BM", "LF", "EF", "MF", "log cost"],
        np.array([int(r["choice"]) - 1 for r in rows]),
        available=np.array([[r[f"avail{plan + 1}"] for plan in range(5)] for r in rows]) > 0,
    )
    found = fit_choices(data)
    other = minimize(lambda b: -log_likelihood(data, b), np.zeros(5), method="BFGS", tol=1e-10)
    assert found.log_likelihood == pytest.approx(-other.fun, abs=1e-6)
    np.testing.assert_allclose(found.values, other.x, atol=1e-4)
    assert found.log_likelihood == pytest.approx(-477.557, abs=5e-4)
    assert found.values[[0, 4]].round(2).tolist() == [-0.72, -2.03]


def test_truth_is_recovered_and_another_optimiser_agrees() -> None:
    truth = np.array([1.0, -0.5, 0.3])
    data = _answers(1, 2000, truth)
    found = fit_choices(data)
    assert found.converged
    assert not found.notes
    other = minimize(lambda b: -log_likelihood(data, b), np.zeros(3), method="BFGS", tol=1e-10)
    np.testing.assert_allclose(found.values, other.x, atol=1e-6)
    for each, value in zip(found.coefficients, truth, strict=True):
        assert each.low - each.standard_error < value < each.high + each.standard_error
    np.testing.assert_allclose(found.robust_errors, np.sqrt(np.diag(found.covariance)), rtol=0.15)
    chances = probabilities(data, found.values)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    assert (chances[~data.available] == 0.0).all()


def test_a_binary_choice_is_the_logistic_regression_of_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 2))
    taken = (features @ [1.0, -1.0] + rng.logistic(size=300) > 0).astype(int)
    table = np.stack([np.zeros((300, 2)), features], axis=1)
    prior = Prior(np.zeros(2), np.full(2, 0.7))
    found = fit_choices(choice_data(table, ["a", "b"], taken), prior=prior)
    theirs = sklearn.LogisticRegression(C=0.7**2, fit_intercept=False, tol=1e-10)
    np.testing.assert_allclose(found.values, theirs.fit(features, taken).coef_[0], atol=1e-6)


def test_repeated_answers_of_a_person_widen_the_robust_errors() -> None:
    data = _answers(4, 200, np.array([1.0, -1.0]))
    many = ChoiceData(
        np.repeat(data.attributes, 5, axis=0),
        data.names,
        np.repeat(data.available, 5, axis=0),
        np.repeat(data.chosen, 5),
    )
    once = fit_choices(data).robust_errors
    clustered = fit_choices(many, persons=np.repeat(np.arange(200), 5)).robust_errors
    np.testing.assert_allclose(clustered, once, rtol=1e-6)  # copies teach nothing
    assert (fit_choices(many).robust_errors < 0.5 * once).all()


def test_separation_is_said_and_a_prior_heals_it() -> None:
    table = np.random.default_rng(0).normal(size=(40, 3, 2))
    data = choice_data(table, ["a", "b"], table[:, :, 0].argmax(axis=1))
    assert separates(data)
    found = fit_choices(data)
    assert Caution.SEPARATION in [each.caution for each in found.notes]
    assert found.coefficients[0].low == -np.inf
    healed = fit_choices(data, prior=Prior(np.zeros(2), np.ones(2)))
    assert healed.converged
    assert np.isfinite(healed.coefficients[0].high)
    assert not separates(_answers(1, 300, np.array([1.0, -1.0])))


def test_attributes_that_repeat_each_other_are_said() -> None:
    data = _answers(2, 200, np.array([1.0, -0.5]))
    twice = choice_data(
        np.concatenate([data.attributes, data.attributes[:, :, :1]], axis=2),
        ["a", "b", "a again"],
        data.chosen,
        available=data.available,
    )
    notes = fit_choices(twice).notes
    assert Caution.NOT_IDENTIFIED in [each.caution for each in notes]


def test_willingness_to_pay_covers_and_is_unbounded_where_price_does_not_matter() -> None:
    truth, covered = np.array([0.8, -0.4]), 0
    for seed in range(100):
        model = fit_choices(_answers(seed, 150, truth))
        worth, notes = willingness_to_pay(model, "trait 0", "trait 1")
        covered += worth.low <= 2.0 <= worth.high
        assert bool(notes) == (not np.isfinite(worth.high))
    assert 88 <= covered <= 100
    blind = fit_choices(_answers(0, 200, np.array([0.8, 0.0])))
    worth, notes = willingness_to_pay(blind, "trait 0", "trait 1")
    assert worth.high == np.inf
    assert notes[0].caution is Caution.UNBOUNDED
    with pytest.raises(InputError, match="no coefficient 'colour'"):
        willingness_to_pay(blind, "colour", "trait 1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"chosen": [0, 5]}, "lie in 0 to 1"),
        ({"chosen": [0.0, 1.0]}, "whole numbers"),
        ({"available": [[True, True], [True, False]]}, "not on offer, the first in row 1"),
        ({"names": ["a", "b"]}, "need names"),
        ({"attributes": [[[1.0], [np.nan]], [[1.0], [2.0]]]}, "finite"),
        ({"available": [[True, False], [False, True]]}, "more than one alternative"),
    ],
)
def test_broken_choices_are_named(change: dict, said: str) -> None:
    good = {"attributes": [[[1.0], [2.0]], [[1.0], [3.0]]], "names": ["a"], "chosen": [0, 1]}
    with pytest.raises(InputError, match=said):
        choice_data(**{**good, **change})
