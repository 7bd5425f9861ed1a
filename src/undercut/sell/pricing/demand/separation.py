"""Do some coefficients explain every choice perfectly? Then maximum likelihood has no end."""

from __future__ import annotations

import numpy as np

from undercut.sell.pricing.demand.choice_data import ChoiceData


def separates(data: ChoiceData) -> bool:
    """Whether a direction b has (chosen - other) @ b >= 0 for all rows and above 0 for some.

    One linear program; complete and quasi-complete separation alike.
    Source: Albert & Anderson (1984); Konis (2007).
    """
    from scipy.optimize import linprog

    chosen = data.attributes[np.arange(data.rows), data.chosen]
    apart = (chosen[:, None, :] - data.attributes)[data.available]
    apart = apart[np.abs(apart).max(axis=1) > 0.0]
    if apart.size == 0:
        return False
    apart = np.unique(apart / np.abs(apart).max(axis=0).clip(1e-300), axis=0)
    found = linprog(-apart.sum(axis=0), A_ub=-apart, b_ub=np.zeros(len(apart)), bounds=(-1.0, 1.0))
    return bool(found.status == 0 and -found.fun > 1e-7)
