from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.core.errors import ConfigError
from undercut.core.usage import RecordingMeter, Unit, Usage, summed

usages = st.builds(
    Usage, st.sampled_from(Unit), st.decimals(min_value=0, max_value=10**9, places=6)
)


@pytest.mark.parametrize("quantity", [Decimal(-1), Decimal("NaN"), Decimal("Infinity"), 1.5, 3])
def test_a_quantity_is_a_decimal_from_zero_up(quantity: object) -> None:
    with pytest.raises(ConfigError):
        Usage(Unit.LABELS, quantity)  # type: ignore[arg-type]


def test_a_measured_float_is_rounded_to_the_millionth() -> None:
    assert Usage.measured(Unit.WALL_SECONDS, 0.1 + 0.2).quantity == Decimal("0.300000")


@given(st.lists(usages))
def test_sums_keep_every_unit_and_do_not_depend_on_order(parts: list[Usage]) -> None:
    for unit in Unit:
        of_unit = [part.quantity for part in parts if part.unit is unit]
        found = [part.quantity for part in summed(parts) if part.unit is unit]
        assert found == ([sum(of_unit, Decimal(0))] if of_unit else [])
    assert summed(parts) == summed(reversed(parts)) == summed(summed(parts))


def test_the_meter_keeps_what_stages_record() -> None:
    meter = RecordingMeter()
    with meter.stage("label") as span:
        meter.record(Usage(Unit.LABELS, Decimal(2)))
        meter.record(Usage(Unit.LABELS, Decimal(3)))
        assert span.usage() == (Usage(Unit.LABELS, Decimal(5)),)
    with contextlib.suppress(RuntimeError), meter.stage("train"):
        meter.record(Usage(Unit.TOKENS, Decimal(7)))
        raise RuntimeError
    assert [(r.stage, r.usage, r.failed) for r in meter.readings] == [
        ("label", (Usage(Unit.LABELS, Decimal(5)),), False),
        ("train", (Usage(Unit.TOKENS, Decimal(7)),), True),
    ]


def test_stages_do_not_nest_and_nothing_is_recorded_outside() -> None:
    meter = RecordingMeter()
    with pytest.raises(ConfigError, match="inside 'a'"), meter.stage("a"), meter.stage("b"):
        pass
    with pytest.raises(ConfigError, match="outside"):
        meter.record(Usage(Unit.LABELS, Decimal(1)))
    assert [reading.stage for reading in meter.readings] == ["a"]
