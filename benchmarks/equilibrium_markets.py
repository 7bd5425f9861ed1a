"""The two real markets of `equilibrium.py`: read from pyblp's package, set up for both sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas
import pyblp

from undercut.sell.pricing.demand.blp.buyers import Buyers
from undercut.sell.pricing.demand.blp.panel import Panel, panel
from undercut.sell.pricing.demand.blp.parameters import Tastes

KINDS = ("income", "income_squared", "age", "child")
TRAITS = ("hpwt", "air", "mpd", "space")


@dataclass(frozen=True)
class Case:
    """One market for both: `results` is pyblp's; firms: after the merger; costs: before it."""

    name: str
    panel: Panel
    buyers: Buyers
    tastes: Tastes
    results: Any
    costs: np.ndarray
    firms: np.ndarray


def _stack(agents: pandas.DataFrame, columns: list[str], markets: tuple) -> np.ndarray:
    return np.stack(
        [agents.loc[agents["market_ids"] == each, columns].to_numpy(float).T for each in markets]
    )


def _merged(firms: np.ndarray) -> np.ndarray:
    names, counts = np.unique(firms, return_counts=True)
    first, second = names[np.argsort(-counts)[:2]]
    return np.where(firms == second, first, firms)


def _at(problem: pyblp.Problem, tastes: Tastes) -> Any:
    return problem.solve(
        tastes.sigma,
        tastes.pi,
        optimization=pyblp.Optimization("return"),
        check_optimality="gradient",
        method="1s",
    )


def cereal() -> Case:
    """Nevo's cereal at the optimum of its GMM objective."""
    products = pandas.read_csv(pyblp.data.NEVO_PRODUCTS_LOCATION)
    agents = pandas.read_csv(pyblp.data.NEVO_AGENTS_LOCATION)
    tastes = Tastes(
        np.diag([0.5580, 3.3125, -0.005784, 0.09341]),
        np.array(
            [
                [2.2920, 0.0, 1.2844, 0.0],
                [588.33, -30.192, 0.0, 11.055],
                [-0.38495, 0.0, 0.052235, 0.0],
                [0.74837, 0.0, -1.3534, 0.0],
            ]
        ),
    )
    results = _at(
        pyblp.Problem(
            (
                pyblp.Formulation("0 + prices", absorb="C(product_ids)"),
                pyblp.Formulation("1 + prices + sugar + mushy"),
            ),
            products,
            pyblp.Formulation("0 + " + " + ".join(KINDS)),
            agents,
        ),
        tastes,
    )
    instruments = [f"demand_instruments{place}" for place in range(20)]
    made = panel(
        markets=products["market_ids"].to_numpy(),
        shares=products["shares"].to_numpy(),
        prices=products["prices"].to_numpy(),
        instruments=products[instruments].to_numpy(),
        absorb=[products["product_ids"].to_numpy()],
    )
    buyers = Buyers(
        np.column_stack([np.ones(made.rows), products[["prices", "sugar", "mushy"]].to_numpy()]),
        ("1", "prices", "sugar", "mushy"),
        _stack(agents, [f"nodes{place}" for place in range(4)], made.market_names),
        _stack(agents, ["weights"], made.market_names)[:, 0],
        _stack(agents, list(KINDS), made.market_names),
        KINDS,
    )
    costs = results.compute_costs().ravel()
    firms = _merged(products["firm_ids"].to_numpy())
    return Case("cereal", made, buyers, tastes, results, costs, firms)


def cars() -> Case:
    """Cars at the estimates of BLP (1995), table IV; tastes for price differ by income only."""
    products = pandas.read_csv(pyblp.data.BLP_PRODUCTS_LOCATION)
    products = products.drop(columns=[each for each in products if each.startswith("supply_")])
    agents = pandas.read_csv(pyblp.data.BLP_AGENTS_LOCATION)
    for place in range(5, 1, -1):
        agents[f"nodes{place}"] = agents[f"nodes{place - 1}"].copy()
    agents["nodes1"] = 0.0
    agents["taste"] = 1.0 / agents["income"]
    tastes = Tastes(
        np.diag([3.612, 0.0, 4.628, 1.818, 1.050, 2.056]),
        np.array([[0.0, -43.501, 0.0, 0.0, 0.0, 0.0]]).T,
    )
    formula = " + ".join(TRAITS)
    results = _at(
        pyblp.Problem(
            (
                pyblp.Formulation(f"1 + {formula}"),
                pyblp.Formulation(f"1 + prices + {formula}"),
            ),
            products,
            pyblp.Formulation("0 + taste"),
            agents,
        ),
        tastes,
    )
    traits = np.column_stack([np.ones(len(products)), products[list(TRAITS)].to_numpy()])
    made = panel(
        markets=products["market_ids"].to_numpy(),
        shares=products["shares"].to_numpy(),
        prices=products["prices"].to_numpy(),
        instruments=products[[f"demand_instruments{place}" for place in range(8)]].to_numpy(),
        linear=traits,
        linear_names=["1", *TRAITS],
        price_is_linear=False,
    )
    buyers = Buyers(
        np.column_stack([traits[:, 0], made.prices, traits[:, 1:]]),
        ("1", "prices", *TRAITS),
        _stack(agents, [f"nodes{place}" for place in range(6)], made.market_names),
        _stack(agents, ["weights"], made.market_names)[:, 0],
        _stack(agents, ["taste"], made.market_names),
        ("taste",),
    )
    costs = results.compute_costs().ravel()
    firms = _merged(products["firm_ids"].to_numpy())
    return Case("cars", made, buyers, tastes, results, costs, firms)
