"""Real markets that pyblp ships under the MIT licence: Nevo's cereal and the cars of BLP 1995."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from undercut.sell.pricing.demand.blp.buyers import Buyers
from undercut.sell.pricing.demand.blp.panel import Panel, panel
from undercut.sell.pricing.demand.blp.parameters import Tastes

# Nevo's starting values as pyblp's tutorial gives them, and the optimum it reaches from there.
START_SIGMA = np.diag([0.3302, 2.4526, 0.0163, 0.2441])
START_PI = np.array(
    [
        [5.4819, 0.0, 0.2037, 0.0],
        [15.8935, -1.2000, 0.0, 2.6342],
        [-0.2506, 0.0, 0.0511, 0.0],
        [1.2650, 0.0, -0.8091, 0.0],
    ]
)
BEST_SIGMA = np.diag([0.5580, 3.3125, -0.005784, 0.09341])
BEST_PI = np.array(
    [
        [2.2920, 0.0, 1.2844, 0.0],
        [588.33, -30.192, 0.0, 11.055],
        [-0.38495, 0.0, 0.052235, 0.0],
        [0.74837, 0.0, -1.3534, 0.0],
    ]
)


@dataclass(frozen=True)
class Observed:
    panel: Panel
    buyers: Buyers
    start: Tastes
    firms: np.ndarray
    columns: dict[str, np.ndarray]


def _columns(path: Any) -> dict[str, np.ndarray]:
    with Path(path).open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    table = {name: np.array(column) for name, *column in zip(*rows, strict=True)}
    return {name: _numbers(column) for name, column in table.items()}


def _numbers(column: np.ndarray) -> np.ndarray:
    try:
        return column.astype(np.float64)
    except ValueError:
        return column


def _by_market(agents: dict[str, np.ndarray], names: list[str], markets: tuple) -> np.ndarray:
    table = np.stack([agents[name] for name in names])
    return np.stack([table[:, agents["market_ids"] == each] for each in markets])


@pytest.fixture(scope="session")
def cereal() -> Observed:
    data = pytest.importorskip("pyblp").data
    products, agents = _columns(data.NEVO_PRODUCTS_LOCATION), _columns(data.NEVO_AGENTS_LOCATION)
    observed = panel(
        markets=products["market_ids"],
        shares=products["shares"],
        prices=products["prices"],
        instruments=np.column_stack([products[f"demand_instruments{i}"] for i in range(20)]),
        absorb=[products["product_ids"]],
    )
    kinds = ["income", "income_squared", "age", "child"]
    names = observed.market_names
    buyers = Buyers(
        np.column_stack(
            [np.ones(observed.rows), *(products[k] for k in ("prices", "sugar", "mushy"))]
        ),
        ("1", "prices", "sugar", "mushy"),
        _by_market(agents, [f"nodes{i}" for i in range(4)], names),
        _by_market(agents, ["weights"], names)[:, 0],
        _by_market(agents, kinds, names),
        tuple(kinds),
    )
    start = Tastes(START_SIGMA, START_PI)
    return Observed(observed, buyers, start, products["firm_ids"], products)


@pytest.fixture(scope="session")
def cars() -> Observed:
    data = pytest.importorskip("pyblp").data
    products, agents = _columns(data.BLP_PRODUCTS_LOCATION), _columns(data.BLP_AGENTS_LOCATION)
    traits = ["hpwt", "air", "mpd", "space"]
    plain = np.column_stack([np.ones(products["prices"].size), *(products[k] for k in traits)])
    observed = panel(
        markets=products["market_ids"],
        shares=products["shares"],
        prices=products["prices"],
        instruments=np.column_stack([products[f"demand_instruments{i}"] for i in range(8)]),
        linear=plain,
        linear_names=["1", *traits],
        price_is_linear=False,
        clusters=products["clustering_ids"],
    )
    names = observed.market_names
    nodes = _by_market(agents, [f"nodes{i}" for i in range(5)], names)
    nodes = np.insert(nodes, 1, 0.0, axis=1)  # tastes for price differ by income only
    buyers = Buyers(
        np.column_stack([plain[:, 0], products["prices"], plain[:, 1:]]),
        ("1", "prices", *traits),
        nodes,
        _by_market(agents, ["weights"], names)[:, 0],
        1.0 / _by_market(agents, ["income"], names),
        ("1/income",),
    )
    # the published estimates of BLP (1995), table IV, which pyblp's tutorial starts from
    sigma = np.diag([3.612, 0.0, 4.628, 1.818, 1.050, 2.056])
    start = Tastes(sigma, np.array([[0.0, -43.501, 0.0, 0.0, 0.0, 0.0]]).T)
    return Observed(observed, buyers, start, products["firm_ids"], products)


@pytest.fixture(scope="session")
def pyblp_cereal(cereal: Observed) -> SimpleNamespace:
    """pyblp's own answer at Nevo's optimum: nothing is searched."""
    pyblp = pytest.importorskip("pyblp")
    pandas = pytest.importorskip("pandas")
    pyblp.options.verbose = False
    problem = pyblp.Problem(
        (
            pyblp.Formulation("0 + prices", absorb="C(product_ids)"),
            pyblp.Formulation("1 + prices + sugar + mushy"),
        ),
        pandas.read_csv(pyblp.data.NEVO_PRODUCTS_LOCATION),
        pyblp.Formulation("0 + income + income_squared + age + child"),
        pandas.read_csv(pyblp.data.NEVO_AGENTS_LOCATION),
    )
    results = problem.solve(
        BEST_SIGMA,
        BEST_PI,
        optimization=pyblp.Optimization("return"),
        check_optimality="gradient",
        method="1s",
    )
    return SimpleNamespace(pyblp=pyblp, problem=problem, results=results)
