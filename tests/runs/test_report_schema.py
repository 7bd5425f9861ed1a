"""report.json: required paths, honest unknowns, round trips, clear refusals."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from report_samples import SAMPLES, candidate, certified

from undercut.core.errors import ArtefactError
from undercut.runs.report.documents import document_json
from undercut.runs.report.fields import MAX_TEXT_CHARACTERS
from undercut.runs.report.files import load_report, write_reports
from undercut.runs.report.quality import Confusion
from undercut.runs.report.schema import LedgerLine, LedgerSummary, Report, mark_frontier

REQUIRED = (
    "teacher.accuracy teacher.macro_f1 plan.accuracy plan.macro_f1 plan.stages.0.name "
    "plan.stages.0.share certificate.keep certificate.confidence certificate.lower_bound "
    "certificate.met certificate.rows certificate.method cost.usd_per_million "
    "cost.texts_per_second cost.host reference.name reference.texts_per_second reference.ratio "
    "candidates.0.name candidates.0.accuracy candidates.0.texts_per_second "
    "candidates.0.usd_per_million candidates.0.bytes seconds ledger.total"
)


def at(loaded: Any, path: str) -> Any:
    for part in path.split("."):
        loaded = loaded[int(part)] if part.isdigit() else loaded[part]
    return loaded


@pytest.mark.parametrize("path", REQUIRED.split(" "))
def test_required_paths_hold_plain_values(path: str) -> None:
    value = at(json.loads(document_json(certified())), path)
    assert isinstance(value, str | int | float)
    if path in {"cost.usd_per_million", "ledger.total", "candidates.0.usd_per_million"}:
        assert isinstance(value, float)


@pytest.mark.parametrize("name", SAMPLES)
def test_written_reports_read_back_equal(name: str, tmp_path: Path) -> None:
    report = SAMPLES[name]()
    data, page = write_reports(report, tmp_path)
    assert load_report(tmp_path) == Report.model_validate(report.model_dump())
    assert sorted(tmp_path.iterdir()) == sorted([data, page])  # no temporary files are left


def test_json_is_sorted_and_stable() -> None:
    text = document_json(certified())
    assert text == document_json(certified())
    loaded = json.loads(text)
    assert list(loaded) == sorted(loaded)


def test_unknown_money_is_null_not_zero() -> None:
    loaded = json.loads(document_json(SAMPLES["teacher_kept"]()))
    assert loaded["cost"]["usd_per_million"] is None
    assert loaded["ledger"]["total"] is None


def test_a_failed_write_leaves_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_reports(certified(), tmp_path)
    before = (tmp_path / "report.json").read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ArtefactError, match="No space left"):
        write_reports(SAMPLES["not_met"](), tmp_path)
    assert (tmp_path / "report.json").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_missing_folder_is_refused_with_what_to_try(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"no report\.json") as caught:
        load_report(tmp_path)
    assert caught.value.hint is not None
    with pytest.raises(ArtefactError, match="cannot be written"):
        write_reports(certified(), tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('{"schema_version": 2}', "schema version 2, expected 1"),
        ("[1]", "schema version None"),
        ("{", "cannot be read"),
        ("\xff", "cannot be read"),
        ('{"schema_version": 1}', "was changed or is damaged"),
    ],
)
def test_damaged_reports_are_refused(change: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(change.encode("latin-1"))
    with pytest.raises(ArtefactError, match=message):
        load_report(tmp_path)


def refused(path: str, value: object) -> str:
    """The message with which a sample is refused after one value was replaced."""
    loaded = json.loads(document_json(certified()))
    *parents, last = path.split(".")
    at(loaded, ".".join(parents))[last] = value
    with pytest.raises(ValidationError) as caught:
        Report.model_validate(loaded)
    return str(caught.value)


def test_contradictions_are_refused() -> None:
    assert "sum to 1" in refused("plan.stages.0.share", 0.5)
    assert "lower_bound >= keep" in refused("certificate.lower_bound", 0.98)
    assert "lower_bound >= keep" in refused("certificate.lower_bound", None)
    assert "sum of the entries" in refused("ledger.total_exact", "0.01")
    assert "both be known" in refused("ledger.total", None)
    assert "less than or equal to 1" in refused("plan.accuracy", 93.4)
    assert "decimal number" in refused("cost.host_price.per_hour", "cheap")


def test_quality_cannot_be_measured_on_a_split_that_is_not_there() -> None:
    loaded = json.loads(document_json(SAMPLES["no_test_file"]()))
    loaded["measured_on"]["where"] = "test"
    with pytest.raises(ValidationError, match=r"measured_on\.where"):
        Report.model_validate(loaded)


@given(st.lists(st.decimals(min_value=0, max_value=1000, places=8), max_size=8))
def test_a_ledger_that_adds_up_is_accepted(amounts: list[Any]) -> None:
    total = sum(amounts, start=type(amounts[0])(0)) if amounts else 0
    entries = tuple(LedgerLine(stage="s", event="finished", amount=str(a)) for a in amounts)
    book = LedgerSummary(
        total=float(total), total_exact=str(total), currency="USD", entries=entries
    )
    assert book.entries == entries
    with pytest.raises(ValidationError):
        LedgerSummary(
            total=float(total + 1), total_exact=str(total + 1), currency="USD", entries=entries
        )


@given(st.text(st.characters(), max_size=600) | st.just("\ud800 lone") | st.just("a\x1b[31mb\x00"))
def test_any_user_text_can_be_stored_and_written(text: str) -> None:
    kept = Confusion(true=text, predicted="b", count=1).true
    kept.encode("utf-8")
    assert len(kept) <= MAX_TEXT_CHARACTERS
    assert "\x1b" not in kept
    assert "\x00" not in kept
    assert Confusion(true=kept, predicted="b", count=1).true == kept  # reading back changes nothing


def test_created_is_kept_in_utc() -> None:
    beijing = dt.timezone(dt.timedelta(hours=8))
    loaded = certified().model_dump() | {"created": dt.datetime(2026, 11, 23, 8, tzinfo=beijing)}
    assert Report.model_validate(loaded).created.isoformat() == "2026-11-23T00:00:00+00:00"


def test_frontier_marks_what_nothing_beats() -> None:
    marked = mark_frontier(
        (
            candidate("fast", "ngram", 0.90, 1000, 1, 1),
            candidate("worse", "ngram", 0.89, 900, 1, 1),
            candidate("best", "transformer", 0.95, 10, 1, 1),
            candidate("twin", "transformer", 0.95, 10, 1, 1),
            candidate("unmeasured", "static", 0.99, 1, 1, 1).model_copy(
                update={"texts_per_second": None}
            ),
        )
    )
    assert [c.name for c in marked if c.on_frontier] == ["fast", "best", "twin"]
