"""What an attribute is worth in money: a ratio of two uncertain coefficients."""

from __future__ import annotations

import numpy as np

from undercut.sell.pricing.demand.choices import ChoiceModel
from undercut.sell.pricing.demand.estimate import Caution, Estimate, Note, Says, normal_quantile


def willingness_to_pay(
    model: ChoiceModel, attribute: str, price: str, *, confidence: float = 0.95
) -> tuple[Estimate, tuple[Note, ...]]:
    """Money for one more unit of `attribute`: minus its coefficient over that of `price`.

    The interval is Fieller's (1954): exact for normal coefficients, and unbounded, with a note,
    where the price coefficient may be 0. Raises InputError for names that are not in the model.
    """
    top, bottom = model.place(attribute), model.place(price)
    value, slope = model.values[top], model.values[bottom]
    # the wtp w solves value + w slope = 0: keep every w whose left side may be 0
    reach = normal_quantile(confidence) ** 2
    covariance = model.covariance
    square = slope**2 - reach * covariance[bottom, bottom]
    middle = value * slope - reach * covariance[top, bottom]
    level = value**2 - reach * covariance[top, top]
    worth = -value / slope if slope else float("nan")
    if not (square > 0.0 and middle**2 - square * level >= 0.0):
        text = f"the effect of {price} may be 0, so the worth of {attribute} has no bounds"
        unbounded = Estimate(attribute, worth, float("nan"), -np.inf, np.inf, confidence)
        values = {"attribute": attribute}
        return unbounded, (Note(Caution.UNBOUNDED, text, Says.WORTH_NOT_BOUNDED, values),)
    root = float(np.sqrt(middle**2 - square * level))
    gradient = np.array([-1.0 / slope, value / slope**2])
    both = covariance[np.ix_([top, bottom], [top, bottom])]
    error = float(np.sqrt(gradient @ both @ gradient))
    low, high = sorted(((-middle - root) / square, (-middle + root) / square))
    return Estimate(attribute, float(worth), error, low, high, confidence), ()
