"""What pricing needs of a plan folder: its measured cost, quality, certificate and rivals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from undercut.core.artefacts import verify_folder
from undercut.core.errors import ConfigError, InputError
from undercut.core.money import Money
from undercut.core.price_files import load_prices
from undercut.core.prices import PriceRow, cost_per_million
from undercut.models.plan import PlanDescription, find_plan, read_description
from undercut.runs.report.files import JSON_NAME, load_report
from undercut.runs.report.schema import Report
from undercut.sell.pricing.cost.serving import Basis, ServingCost
from undercut.sell.pricing.situation.products import Source

# how figures name the measurement they come from; the first goes on with the processor
MEASURED_ON = "measured by undercut run on"
MEASURED_PLAN = "plan.json, as measured by undercut run"


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """folder: of the plan. report: of the run that made it, None where the folder stands alone."""

    folder: Path
    digest: str
    description: PlanDescription
    report: Report | None

    @property
    def quality_percent(self) -> float | None:
        """Measured accuracy in per cent, None where no report is at hand."""
        return None if self.report is None else 100.0 * self.report.plan.accuracy


def read_plan(folder: Path) -> PlanFacts:
    """The facts of a plan folder or the folder of its run, files checked.

    Raises ArtefactError where files are missing, changed, or from another version.
    """
    root = find_plan(folder)
    description = read_description(root)
    digest = verify_folder(root).digest
    report = load_report(root.parent) if (root.parent / JSON_NAME).is_file() else None
    return PlanFacts(root, digest, description, report)


def serving_cost(plan: PlanFacts, currency: str, prices: Sequence[Path] = ()) -> ServingCost:
    """The measured cost of a plan's answers in a currency.

    prices: files whose rows go before the shipped ones; the measured speed is priced anew by
    them. Raises InputError where the cost was not measured, ConfigError where it cannot be had
    in this currency.
    """
    report = plan.report
    if report is not None and report.cost.texts_per_second is not None:
        found = _of_report(report, prices)
    else:
        found = _of_plan(plan, prices)
    if found.per_million.currency != currency:
        raise ConfigError(
            f"the plan's cost is in {found.per_million.currency}, the market in {currency}: "
            "undercut converts nothing",
            hint=f"--prices FILE with a row for {found.host} in {currency}, with source and date; "
            "or a market in the plan's currency",
        )
    return found


def _of_report(report: Report, prices: Sequence[Path]) -> ServingCost:
    speed, priced = report.cost.texts_per_second, report.cost.host_price
    assert speed is not None  # the caller has looked
    if prices or priced is None:
        row = _row(report.cost.host, prices)
        hourly, per_million = row.hourly, cost_per_million(speed, row)
        source = Source(row.source, row.date)
    else:
        hourly = Money(Decimal(priced.per_hour), priced.currency)
        per_million = hourly * Decimal(1_000_000) / (Decimal(repr(speed)) * 3600)
        source = Source(priced.source, priced.date)
    measured = Source(f"{MEASURED_ON} {report.machine.cpu_model}", report.created.date())
    return ServingCost(per_million, hourly, report.cost.host, Basis.MIX, measured, source)


def _of_plan(plan: PlanFacts, prices: Sequence[Path]) -> ServingCost:
    """From plan.json alone: every answer priced as one of the dearest stage, an upper bound."""
    cost = plan.description.cost
    if cost is None:
        raise InputError(
            f"{plan.folder}: the cost of this plan's answers was not measured, so it has no floor "
            "and no price",
            hint="make the plan with `undercut run` of this version",
        )
    row = _row(cost.host, prices)
    if row.currency != cost.currency:
        raise ConfigError(
            f"{plan.folder}: the cost is in {cost.currency}, the price of {row.id} in "
            f"{row.currency}",
            hint=f"a price row of {row.id} in {cost.currency}",
        )
    return ServingCost(
        Money(max(cost.per_million_answers.values()), cost.currency),
        row.hourly,
        cost.host,
        Basis.DEAREST,
        Source(MEASURED_PLAN, cost.measured),
        Source(row.source, row.date),
    )


def _row(host: str, prices: Sequence[Path]) -> PriceRow:
    return load_prices(*prices).host(host)
