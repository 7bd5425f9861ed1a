"""What a million answers of the user's plan cost, as it was measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.models.plan import find_plan, read_description
from undercut.runs.report.files import JSON_NAME, load_report


@dataclass(frozen=True, slots=True)
class PlanCostFound:
    """The plan's measured cost per million answers. upper: it is the bound where every answer
    takes the plan's dearest stage, since the mix was not found.
    """

    name: str
    per_million: Money
    host: str
    measured: date
    upper: bool


def plan_cost_of(folder: Path) -> PlanCostFound:
    """From the report of the plan's run where it is beside the plan, else the plan's own bound.

    Raises ArtefactError where no plan is there, InputError where its cost was never measured.
    """
    root = find_plan(folder)
    description = read_description(root)
    cost = description.cost
    if cost is None:
        raise InputError(
            f"{root}: the plan's cost was not measured, and unknown is not zero",
            hint="undercut run --host NAME, with a host of the price list",
        )
    measured = _of_report(root.parent)
    if measured is not None:
        # a float has more digits than money keeps: a product rounds, a constructor refuses
        amount = Money(Decimal(1), cost.currency) * measured
        return PlanCostFound(description.name, amount, cost.host, cost.measured, upper=False)
    dearest = max(cost.per_million_answers.values())
    amount = Money(dearest, cost.currency)
    upper = len(cost.per_million_answers) > 1
    return PlanCostFound(description.name, amount, cost.host, cost.measured, upper=upper)


def _of_report(folder: Path) -> Decimal | None:
    if not (folder / JSON_NAME).is_file():
        return None
    dollars = load_report(folder).cost.usd_per_million
    return None if dollars is None else Decimal(repr(dollars))
