"""Cleaning as a way on: doubtful labels asked about again, valued, booked, kept through kills."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from market_workers import CLASSES, Machine, answer_tasks, people, truth_of
from test_labelling_choose import TEXTS, Killed, config, joint_of, quick_vectors

from undercut.build.labels.workers import Ask, WorkerKind
from undercut.core.ledger import Ledger
from undercut.runs.labelling.job import label, resume
from undercut.runs.labelling.journal import FILE, Journal
from undercut.runs.labelling.result import LabelReport
from undercut.runs.stages import LEDGER_FILE

__all__ = ["quick_vectors"]

SETTINGS = {"choose": "random", "target_error": 0.13, "audit": False, "budget": "60 USD"}


def workers() -> list[Machine]:
    """One that answers everything and errs often, and a better one that is dearer."""
    return [
        Machine("quick", "0.01", 0.88),
        Machine("careful", "0.03", 0.96, kind=WorkerKind.FILE, seed=5),
    ]


def asked_again(folder: Path) -> list[tuple[str, str]]:
    """(text, worker) of its questions."""
    with Journal.open(folder / "labelled" / FILE) as journal:
        batches = {each.id for each in journal.batches() if each.purpose == "clean"}
        return [(put.item, put.worker) for put in journal.asks() if put.batch in batches]


def right(folder: Path, items: list[str]) -> float:
    """Share of right labels among these items."""
    with (folder / "labelled" / "labels.csv").open(encoding="utf-8") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    hits = [rows[item]["label"] == truth_of(rows[item]["text"]) for item in items]
    return sum(hits) / len(hits)


@pytest.fixture
def cleaned(tmp_path: Path, quick_vectors: None) -> tuple[Path, LabelReport]:
    return tmp_path, label(config(tmp_path, **SETTINGS), workers=workers())


def test_doubtful_labels_are_asked_about_again_and_mended(
    cleaned: tuple[Path, LabelReport],
) -> None:
    folder, report = cleaned
    looks = [{way.name: way for way in line.options} for line in report.curve]
    assert [line.chosen for line in report.curve].count("clean") >= 1
    for line, ways in zip(report.curve, looks, strict=True):
        if line.chosen == "clean":
            assert ways["clean"].gain > 0
            assert ways["clean"].cost > 0
            assert "look wrong to a model that did not see them" in ways["clean"].measured
    items = [item for item, _ in asked_again(folder)]
    first = Machine("quick", "0.01", 0.88)
    texts = dict(
        line.split(",", 1) for line in (folder / "texts.csv").read_text("utf-8").splitlines()
    )
    wrong_before = sum(_answer(first, item, texts) != truth_of(texts[item]) for item in items)
    assert wrong_before > 0.6 * len(items), "the doubt finds wrong labels, 12 in 100 of all"
    assert right(folder, items) > 0.8
    assert report.asked_again is not None
    assert report.asked_again.asked == len(items)
    assert report.asked_again.changed > 0.6 * report.asked_again.expected


def _answer(worker: Machine, item: str, texts: dict[str, str]) -> str | None:
    return worker.answer([Ask(item, texts[item])], classes=CLASSES)[0].label


def test_its_answers_are_in_the_books_like_all_others(cleaned: tuple[Path, LabelReport]) -> None:
    folder, report = cleaned
    with Ledger.open(folder / "labelled" / LEDGER_FILE) as ledger:
        assert ledger.verify() == ()
        total = ledger.total().money("USD")
    assert total is not None
    assert str(total.amount.normalize()) == str(float(report.committed))
    assert "clean" in {step.purpose for step in report.rounds}
    page = (folder / "labelled" / "report.html").read_text(encoding="utf-8")
    assert "ask again about labels that look wrong" in page
    assert "Asked again about" in page


@pytest.mark.usefixtures("quick_vectors")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_round_its_questions_pays_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    write, dies = Journal.put, [when]

    def killing(self: Journal, items: list[str], **more: object) -> object:
        if more["purpose"] != "clean" or not dies:
            return write(self, items, **more)  # type: ignore[arg-type]
        dies.pop()
        if when == "after":
            write(self, items, **more)  # type: ignore[arg-type]
        raise Killed

    monkeypatch.setattr(Journal, "put", killing)
    with pytest.raises(Killed):
        label(config(tmp_path, **SETTINGS), workers=workers())
    assert joint_of(tmp_path)["again"]
    report = resume(tmp_path / "labelled", workers=workers())
    asked = asked_again(tmp_path)
    assert max(Counter(asked).values()) == 1
    assert report.asked_again is not None
    assert report.asked_again.asked == len(asked)
    assert joint_of(tmp_path)["again"] == []


@pytest.mark.usefixtures("quick_vectors")
def test_people_are_asked_without_being_told_what_the_label_is(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    careful = people(tmp_path / "tasks", "careful", "0.03", 0.96)
    team = [workers()[0], careful]
    report = label(config(tmp_path, **SETTINGS), workers=team)
    told: dict[str, str] = {}
    for _ in range(20):
        if report.status != "waiting":
            break
        with careful.tasks.open(encoding="utf-8") as file:
            told |= {row["task"]: row.get("suggestion") or "" for row in csv.DictReader(file)}
        answer_tasks(careful, "ann")
        report = resume(tmp_path / "labelled", workers=team)
    assert report.status != "waiting"
    items = [item for item, _ in asked_again(tmp_path)]
    assert len(items) > 10
    assert not {told[item] for item in items} - {""}
    assert any(told.values()), "others see the machine's answer"
    assert right(tmp_path, items) == 1.0, "these people never err"


@pytest.mark.usefixtures("quick_vectors")
def test_where_it_is_known_what_a_point_is_worth_only_what_pays_is_asked(tmp_path: Path) -> None:
    report = label(config(tmp_path, **SETTINGS, point_worth="0.01 USD"), workers=workers())
    assert "clean" not in {line.chosen for line in report.curve}
    ways = [way for line in report.curve for way in line.options]
    assert all(way.value == pytest.approx(100 * way.gain * 0.01 - way.cost) for way in ways)
    assert not asked_again(tmp_path)


@pytest.mark.usefixtures("quick_vectors")
def test_with_nobody_to_ask_it_gains_nothing_and_says_so(tmp_path: Path) -> None:
    report = label(config(tmp_path, **SETTINGS), workers=workers()[:1])
    found = [way for line in report.curve for way in line.options if way.name == "clean"]
    assert found
    assert all(way.gain == 0 and way.cost == 0 for way in found)
    assert "0 more answers" in found[0].measured
    assert report.labelled == TEXTS
