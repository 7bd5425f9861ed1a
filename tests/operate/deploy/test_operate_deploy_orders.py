"""From the history to the next step: pure, and the same for processes that come late."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.operate.serving.deploy.events import AUTOMATIC
from undercut.operate.serving.deploy.orders import (
    Actual,
    DeploymentRow,
    Desired,
    PlanRef,
    Step,
    Trial,
    desired_state,
    next_step,
)

START = PlanRef("start")


def history(*rows: DeploymentRow) -> list[DeploymentRow]:
    return [replace(row, id=number) for number, row in enumerate(rows, start=1)]


def row(action: str, path: str = "", **more: object) -> DeploymentRow:
    return DeploymentRow(0, action, path, **more)  # type: ignore[arg-type]


def test_nothing_ordered_is_the_plan_of_the_start() -> None:
    assert desired_state(START, []) == Desired(START)
    assert next_step(Desired(START), Actual(START)) is None


def test_canary_then_promote_then_rollback() -> None:
    rows = history(row("canary", "b", canary_share=0.1), row("promote"), row("rollback"))
    assert desired_state(START, rows[:1]).trial == Trial(PlanRef("b"), 0.1, 1)
    after = desired_state(START, rows[:2])
    assert (after.current, after.trial, after.previous) == (PlanRef("b"), None, START)
    assert desired_state(START, rows).current == START


def test_a_rollback_takes_the_candidate_first() -> None:
    rows = history(row("deploy", "b"), row("shadow", "c"), row("rollback"))
    after = desired_state(START, rows)
    assert (after.current, after.trial) == (PlanRef("b"), None)


def test_what_one_process_did_by_itself_all_do_but_only_for_that_order() -> None:
    canary = row("canary", "b", canary_share=0.1)
    own = row("rolled_back", "b", actor=AUTOMATIC, detail={"order": 1})
    assert desired_state(START, history(canary, own)).trial is None
    again = desired_state(START, history(canary, canary, own))
    assert again.trial == Trial(PlanRef("b"), 0.1, 2)  # a late event of the first trial
    person = row("rolled_back", "b", actor="ann", detail={"order": 1})
    assert desired_state(START, history(canary, person)).trial is not None
    promoted = row("promoted", "b", actor=AUTOMATIC, detail={"order": 1})
    assert desired_state(START, history(canary, promoted)).current == PlanRef("b")


def test_steps() -> None:
    canary = Trial(PlanRef("b"), 0.1, 7)
    wanted = Desired(START, canary, None, 7)
    assert next_step(wanted, Actual(START)) == Step("canary", PlanRef("b"), 0.1, 7)  # type: ignore[arg-type]
    assert next_step(wanted, Actual(START, canary)) is None
    larger = replace(wanted, trial=replace(canary, share=0.5))
    assert next_step(larger, Actual(START, canary)).share == 0.5  # type: ignore[union-attr]
    assert next_step(wanted, Actual(START, failed_order=7)) is None
    assert next_step(wanted, Actual(START, finished_order=7)) is None
    promoted = Desired(PlanRef("b"), None, START, 8)
    assert next_step(promoted, Actual(START, canary)).action == "promote"  # type: ignore[union-attr]
    assert next_step(promoted, Actual(START)).action == "deploy"  # type: ignore[union-attr]
    assert next_step(Desired(START, order=9), Actual(START, canary)).action == "rollback"  # type: ignore[union-attr]


@pytest.mark.parametrize("same_path", [True, False])
def test_digests_decide_where_both_are_known(same_path: bool) -> None:
    first = PlanRef("a", "1" * 64)
    second = PlanRef("a" if same_path else "b", ("2" if same_path else "1") * 64)
    step = next_step(Desired(second, order=1), Actual(first))
    assert (step is not None) == same_path


ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from(
            ["deploy", "canary", "shadow", "promote", "rollback", "deployed", "failed"]
        ),
        st.sampled_from("abc"),
    ),
    max_size=12,
)


@given(ROWS, st.sampled_from("abcs"))
def test_any_history_is_reached_in_a_few_steps_and_then_nothing_is_done(
    rows: list[DeploymentRow], serving: str
) -> None:
    desired = desired_state(START, history(*rows))
    actual = Actual(PlanRef(serving))
    for _ in range(4):
        step = next_step(desired, actual)
        if step is None:
            break
        if step.action in ("deploy", "promote"):
            actual = Actual(step.plan)
        elif step.action == "rollback":
            actual = Actual(actual.current)
        else:
            actual = Actual(actual.current, Trial(step.plan, step.share, step.order))
    assert next_step(desired, actual) is None
    assert actual.current == desired.current
    assert actual.trial == desired.trial
