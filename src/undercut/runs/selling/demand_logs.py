"""Own sales from a file: how the quantity answers to the price."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import ConfigError, InputError
from undercut.runs.selling.demand_columns import Columns, read_columns
from undercut.runs.selling.demand_findings import Findings
from undercut.runs.selling.in_file import in_file
from undercut.sell.pricing.demand.double_ml import DoubleMlConfig, double_ml
from undercut.sell.pricing.demand.estimate import Caution, Estimate, Note, Says
from undercut.sell.pricing.demand.two_stage import two_stage

PRICE, QUANTITY = "price", "quantity"


def own_sales(
    path: Path,
    *,
    instruments: Sequence[str] = (),
    controls: Sequence[str] = (),
    price: str = PRICE,
    quantity: str = QUANTITY,
    confidence: float = 0.95,
    seed: int = 0,
) -> Findings:
    """Price elasticity of own sales: with instruments by two-stage least squares, with controls
    only by cross-fitted double machine learning.

    Price and quantity are taken in logs. Raises ConfigError where neither is named: a plain
    regression of sales on prices mixes what buyers do with why prices moved.
    """
    if not instruments and not controls:
        raise ConfigError(
            "name columns that moved the price: --instrument COST (moves the price and nothing "
            "else) or --control SEASON (moves both)",
            hint="without either, prices that were set high when demand was high look harmless",
        )
    table = read_columns(path, [price, quantity, *instruments, *controls])
    logs = {name: _logs(table, name) for name in (price, quantity)}
    known = _matrix(table, controls)
    if instruments:
        with in_file(path):
            return _instrumented(
                table, logs[quantity], logs[price], instruments, controls, confidence
            )
    assert known is not None  # one of the two is named
    settings = DoubleMlConfig(confidence=confidence, seed=seed)
    with in_file(path):
        found = double_ml(logs[quantity], logs[price], known, settings)
    return _findings(
        "double machine learning",
        table,
        found.effect,
        [
            *found.notes,
            Note(
                Caution.NO_INSTRUMENTS,
                "right only where the controls hold everything that moved price and sales together",
                Says.CONTROLS_MUST_HOLD,
            ),
        ],
        (
            ("price explained by controls", found.price_explained),
            ("sales explained by controls", found.outcome_explained),
        ),
        (),
    )


def _instrumented(
    table: Columns,
    quantity: NDArray[np.float64],
    price: NDArray[np.float64],
    instruments: Sequence[str],
    controls: Sequence[str],
    confidence: float,
) -> Findings:
    moved = _matrix(table, instruments)
    assert moved is not None  # the caller has looked
    found = two_stage(
        quantity,
        price,
        moved,
        controls=_matrix(table, controls),
        control_names=controls,
        confidence=confidence,
    )
    robust = found.anderson_rubin
    extra: tuple[Estimate, ...] = (_named(found.plain, "elasticity, plain regression"),)
    if robust.pieces:
        low, high = robust.pieces[0][0], robust.pieces[-1][1]
        value = found.effect.value
        extra = (
            Estimate(
                "elasticity, Anderson-Rubin interval", value, np.nan, low, high, robust.confidence
            ),
            *extra,
        )
    facts = (("effective first-stage F", found.first_stage_f),)
    return _findings("two-stage least squares", table, found.effect, found.notes, facts, extra)


def _findings(
    method: str,
    table: Columns,
    effect: Estimate,
    notes: Sequence[Note],
    facts: tuple[tuple[str, float], ...],
    extra: tuple[Estimate, ...],
) -> Findings:
    elasticity = _named(effect, "elasticity")
    lines: tuple[str, ...] = ()
    cautions = list(notes)
    weak = any(note.caution is Caution.WEAK_INSTRUMENTS for note in notes)
    if elasticity.value >= 0.0:
        text = "sales rise with the price in these data: not a demand curve"
        cautions.append(Note(Caution.WRONG_SIGN, text, Says.SALES_RISE))
    elif elasticity.high < 0.0 and not weak:
        lines = (
            "own:",
            f"  elasticity: {{value: {elasticity.value:.4g}, low: {elasticity.low:.4g}, "
            f"high: {elasticity.high:.4g}}}",
        )
    return Findings(
        method, table.source, table.rows, (elasticity, *extra), tuple(cautions), (), facts, lines
    )


def _named(estimate: Estimate, name: str) -> Estimate:
    return Estimate(
        name,
        estimate.value,
        estimate.standard_error,
        estimate.low,
        estimate.high,
        estimate.confidence,
    )


def _logs(table: Columns, name: str) -> NDArray[np.float64]:
    values = table.numbers[name]
    bad = np.flatnonzero(values <= 0.0)
    if bad.size:
        raise InputError(
            f"{name} must be above 0, got {values[bad[0]]:g}",
            file=table.source,
            line=table.lines[int(bad[0])],
            hint="sum sales over longer periods, or leave the row out",
        )
    return np.log(values)


def _matrix(table: Columns, names: Sequence[str]) -> NDArray[np.float64] | None:
    return np.column_stack([table.numbers[name] for name in names]) if names else None
