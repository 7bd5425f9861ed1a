"""Choices and conjoint answers from a file: one line for each alternative on offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from undercut.core.errors import ConfigError, InputError
from undercut.runs.selling.demand_columns import Columns, column_names, read_columns
from undercut.runs.selling.demand_findings import Findings
from undercut.runs.selling.in_file import in_file
from undercut.sell.pricing.demand.choice_data import ChoiceData, choice_data
from undercut.sell.pricing.demand.choices import Prior, fit_choices
from undercut.sell.pricing.demand.estimate import Caution, Note, Says
from undercut.sell.pricing.demand.willingness import willingness_to_pay

CHOICE, CHOSEN, PERSON, PRICE = "choice", "chosen", "person", "price"
SPECIAL = (CHOICE, CHOSEN, PERSON, "alternative")


def chosen_offers(
    path: Path, *, price: str = PRICE, prior: float | None = None, confidence: float = 0.95
) -> Findings:
    """Multinomial logit of the choices, and what each attribute is worth in money.

    Columns: `choice` (which lines were on offer together), `chosen` (1 for the one taken, else 0),
    `person` where people answer more than once; every other column is an attribute, one of them
    `price`. prior: standard deviation of a normal at 0 on each coefficient, None for no prior.
    Raises InputError or ConfigError.
    """
    names = column_names(path)
    for needed in (CHOICE, CHOSEN, price):
        if needed not in names:
            raise ConfigError(
                f"{path}: choices need the column {needed!r}; found {', '.join(names)}",
                hint="a line for each alternative: choice,chosen,price,quality",
            )
    attributes = [name for name in names if name not in SPECIAL]
    persons = [PERSON] if PERSON in names else []
    table = read_columns(path, [CHOSEN, *attributes], [CHOICE, *persons])
    data, first = _choice_data(table, attributes)
    people = [table.texts[PERSON][at] for at in first] if persons else None
    shrink = None
    if prior is not None:
        if not prior > 0.0:
            raise ConfigError(f"--prior must be above 0, got {prior}")
        count = len(attributes)
        shrink = Prior(np.zeros(count), np.full(count, prior))
    with in_file(path):
        model = fit_choices(data, prior=shrink, persons=people, confidence=confidence)
    notes = list(model.notes)
    if model.values[model.place(price)] >= 0.0:
        text = "a higher price is chosen more often in these data"
        notes.append(Note(Caution.WRONG_SIGN, text, Says.RISES_WITH_PRICE))
    estimates = list(model.coefficients)
    lines = []
    for name in attributes:
        if name != price:
            worth, cautions = willingness_to_pay(model, name, price, confidence=confidence)
            estimates.append(replace(worth, name=f"worth of {name}"))
            notes += cautions
            if name == "quality" and np.isfinite([worth.low, worth.high]).all():
                lines.append(f"quality_value: {worth.value:.4g}")
    return Findings(
        "multinomial logit",
        str(path),
        data.rows,
        tuple(estimates),
        tuple(notes),
        facts=(
            ("log likelihood", model.log_likelihood),
            ("log likelihood at zero", model.log_likelihood_at_zero),
        ),
        for_market_file=tuple(lines),
    )


def _choice_data(table: Columns, attributes: Sequence[str]) -> tuple[ChoiceData, list[int]]:
    """Lines grouped by choice, padded to the largest; and the first line's place of each."""
    groups: dict[str, list[int]] = {}
    for place, choice in enumerate(table.texts[CHOICE]):
        groups.setdefault(choice, []).append(place)
    most = max(len(places) for places in groups.values())
    values = np.zeros((len(groups), most, len(attributes)))
    available = np.zeros((len(groups), most), dtype=np.bool_)
    taken = np.zeros(len(groups), dtype=np.int64)
    every = np.column_stack([table.numbers[name] for name in attributes])
    for row, (choice, places) in enumerate(groups.items()):
        marks = table.numbers[CHOSEN][places]
        if not np.isin(marks, (0.0, 1.0)).all() or marks.sum() != 1.0:
            raise InputError(
                f"choice {choice!r}: exactly one alternative must be chosen (1, the others 0), "
                f"got {marks.tolist()}",
                file=table.source,
                line=table.lines[places[0]],
                hint="buying nothing is an alternative too: a line with price 0 and attributes 0",
            )
        values[row, : len(places)] = every[places]
        available[row, : len(places)] = True
        taken[row] = int(marks.argmax())
    firsts = [places[0] for places in groups.values()]
    return choice_data(values, attributes, taken, available=available), firsts
