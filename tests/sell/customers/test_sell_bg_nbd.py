"""BG/NBD: the published figures on CDNOW, simulated customers, laws, broken histories."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.core.errors import InputError
from undercut.sell.customers.bg_nbd import BgNbd, Histories, fit_bg_nbd, log_likelihood

CDNOW = Path(__file__).with_name("cdnow_summary.csv")


@pytest.fixture(scope="module")
def cdnow() -> Histories:
    with CDNOW.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    columns = [[float(row[name]) for row in rows] for name in ("frequency", "recency", "T")]
    return Histories.of(*columns)


def test_cdnow_to_the_digits_published(cdnow: Histories) -> None:
    """The figures of Fader, Hardie & Lee (2005) as they are widely quoted."""
    found = fit_bg_nbd(cdnow)
    assert cdnow.repeats.size == 2357
    assert found.converged
    assert found.r == pytest.approx(0.24259, abs=6e-6)
    assert found.alpha == pytest.approx(4.41353, abs=6e-5)
    assert found.a == pytest.approx(0.79289, abs=6e-5)
    assert found.b == pytest.approx(2.42575, abs=3e-4)
    assert found.log_likelihood == pytest.approx(-9582.43, abs=0.005)
    one = Histories.of([2], [30.43], [38.86])
    assert found.expected_purchases(one, 39.0)[0] == pytest.approx(1.2259, abs=6e-5)


def test_simulated_customers_are_recovered() -> None:
    rng = np.random.default_rng(7)
    truth = BgNbd(0.8, 5.0, 1.5, 4.0, 0.0, True)
    repeats, last, later = [], [], []
    for _ in range(3_000):
        rate, leaving = rng.gamma(0.8, 1 / 5.0), rng.beta(1.5, 4.0)
        times, now, active = [], 0.0, True
        while active:
            now += rng.exponential(1.0 / rate)
            if now > 60.0:
                break
            times.append(now)
            active = rng.random() > leaving
        seen = [each for each in times if each <= 30.0]
        repeats.append(len(seen))
        last.append(seen[-1] if seen else 0.0)
        later.append(len(times) - len(seen))
    histories = Histories.of(repeats, last, [30.0] * 3_000)
    found = fit_bg_nbd(histories)
    assert found.converged
    fitted = log_likelihood(histories, found.r, found.alpha, found.a, found.b)
    assert fitted == pytest.approx(found.log_likelihood)
    assert fitted >= log_likelihood(histories, truth.r, truth.alpha, truth.a, truth.b)
    # what comes is what is expected, within four standard errors
    expected = found.expected_purchases(histories, 30.0)
    error = np.std(np.array(later) - expected) / np.sqrt(3_000)
    assert abs(np.mean(later) - expected.mean()) < 4.0 * error


@given(
    r=st.floats(0.05, 5.0),
    alpha=st.floats(0.1, 50.0),
    a=st.floats(0.05, 5.0),
    b=st.floats(0.1, 8.0),
    repeats=st.integers(0, 30),
)
@settings(max_examples=60, deadline=None)
def test_more_time_more_purchases_and_longer_silence_less_hope(r, alpha, a, b, repeats) -> None:
    model = BgNbd(r, alpha, a, b, 0.0, True)
    last = 10.0 if repeats else 0.0
    seen = Histories.of([repeats] * 2, [last] * 2, [12.0, 40.0])
    soon, late = model.expected_purchases(seen, 5.0), model.expected_purchases(seen, 10.0)
    assert (soon >= -1e-9).all()
    assert (late >= soon - 1e-9).all()
    alive = model.alive(seen)
    assert ((alive > 0.0) & (alive <= 1.0)).all()
    assert alive[1] <= alive[0]
    np.testing.assert_allclose(model.expected_purchases(seen, 0.0), 0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("repeats", "last", "watched"),
    [
        ([1], [5.0], [4.0]),
        ([1.5], [2.0], [4.0]),
        ([0], [2.0], [4.0]),
        ([2], [0.0], [4.0]),
        ([-1], [1.0], [4.0]),
        ([1], [float("nan")], [4.0]),
        ([], [], []),
        ([1, 2], [1.0], [4.0]),
    ],
)
def test_histories_that_cannot_be_are_named(repeats, last, watched) -> None:
    with pytest.raises(InputError, match=r"cannot be|equally long"):
        Histories.of(repeats, last, watched)


def test_nobody_who_came_back_teaches_nothing() -> None:
    with pytest.raises(InputError, match="nobody came back"):
        fit_bg_nbd(Histories.of([0, 0], [0.0, 0.0], [5.0, 9.0]))
    one = fit_bg_nbd(Histories.of([3], [8.0], [9.0]))
    assert not one.converged or np.isfinite(one.log_likelihood)
