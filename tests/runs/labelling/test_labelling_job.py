"""A whole labelling job: machines at once, people by files, money never past the budget."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest
from market_workers import CLASSES, Machine, answer_tasks, people, truth_of, write_texts

from undercut.core.errors import ConfigError
from undercut.core.ledger import Ledger
from undercut.runs.auditing.plan_note import label_notes
from undercut.runs.labelling.class_names import find_classes
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.job import label, resume
from undercut.runs.labelling.journal import Journal
from undercut.runs.labelling.report.files import load_label_report
from undercut.runs.progress import Silence
from undercut.runs.stages import LEDGER_FILE


def config(tmp_path: Path, texts: int = 240, **more: object) -> LabelConfig:
    settings: dict[str, object] = {
        "source": str(write_texts(tmp_path / "texts.csv", texts)),
        "workers": "none.yaml",
        "budget": "100 USD",
        "target_error": 0.1,
        "classes": (",".join(CLASSES),),
        "out": str(tmp_path / "labelled"),
        "explore": 40,
    }
    return LabelConfig.model_validate(settings | more)


def wrong_share(folder: Path) -> float:
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return sum(row["label"] != truth_of(row["text"]) for row in rows) / len(rows)


def test_machines_alone_reach_a_certificate(tmp_path: Path) -> None:
    cheap, good = Machine("cheap", "0.001", 0.95), Machine("good", "0.05", 0.99, seed=1)
    report = label(config(tmp_path), workers=[cheap, good])
    folder = tmp_path / "labelled"
    assert report.status == "certified"
    assert report.certificate.upper_bound is not None
    assert report.certificate.upper_bound <= 0.1
    assert wrong_share(folder) <= 0.1
    assert report.labelled == 240
    assert load_label_report(folder) == report
    spent = Decimal("0.001") * cheap.asked + Decimal("0.05") * good.asked
    assert report.cost is not None
    assert Decimal(report.cost) == spent
    with Ledger.open(folder / LEDGER_FILE) as ledger:
        assert ledger.verify() == ()
        money = ledger.total().money("USD")
        assert set(ledger.by_stage()) == {"label cheap", "label good"}
    assert money is not None
    assert money.amount == spent
    # cheaper than the good worker for all, which is what a market is for
    assert spent < Decimal("0.05") * 240


def test_certificate_belongs_to_these_very_labels(tmp_path: Path) -> None:
    label(config(tmp_path), workers=[Machine("good", "0.05", 0.99)])
    folder = tmp_path / "labelled"
    (note,) = label_notes(folder)
    assert "at most" in note.en
    table = folder / "labels.csv"
    table.write_text(table.read_text().replace("card", "login", 1))
    (note,) = label_notes(folder)
    assert "changed" in note.en


def test_budget_is_never_passed(tmp_path: Path) -> None:
    worker = Machine("only", "0.05", 0.7)
    report = label(config(tmp_path, budget="3 USD"), workers=[worker])
    assert report.status in {"budget", "nothing"}
    assert Decimal("0.05") * worker.asked <= 3
    assert Decimal(report.committed) <= 3
    assert (tmp_path / "labelled" / "unlabelled.csv").exists()
    more = resume(tmp_path / "labelled", budget="20 USD", workers=[worker])
    assert more.labelled == 240
    assert worker.asked == 240


def test_people_are_waited_for_and_paid_once(tmp_path: Path) -> None:
    cheap = Machine("cheap", "0.001", 0.7)
    crowd = people(tmp_path, "crowd", "0.02", 0.9, each=3)
    expert = people(tmp_path, "expert", "0.2", 0.99)
    workers = [cheap, crowd, expert]
    report = label(config(tmp_path), workers=workers)
    rounds = 0
    while report.status == "waiting":
        rounds += 1
        assert rounds < 40
        for worker in (crowd, expert):
            line = next(w for w in report.workers if w.name == worker.facts.name)
            if line.waiting:
                assert answer_tasks(worker, f"{worker.facts.name}-{rounds}") == line.waiting
        report = resume(tmp_path / "labelled", workers=workers)
        again = resume(tmp_path / "labelled", workers=workers)
        assert [w.answers for w in again.workers] == [w.answers for w in report.workers]
        assert again.committed == report.committed
        report = again
    assert report.status == "certified"
    assert wrong_share(tmp_path / "labelled") <= 0.1
    assert rounds >= 2
    assert cheap.asked == 240


def test_an_audit_that_misses_grows_and_is_about_the_labels_as_they_stood(tmp_path: Path) -> None:
    """The expert is waited for at each look; between two looks the workers file changes."""
    cheap = Machine("cheap", "0.001", 0.98, seed=6)
    expert = people(tmp_path, "expert", "0.2", 0.99)
    settings = config(tmp_path, texts=900, target_error=0.06)
    report = label(settings, workers=[cheap, expert])
    stood: dict[str, str] = {}
    said = Said()
    for number in range(20):
        if report.status != "waiting":
            break
        purposes = [line.purpose for line in report.rounds]
        if purposes[-1] == "audit" and not stood:
            stood = labels_of(tmp_path / "labelled")
            # of a machine that is believed to be worse than a coin nobody would keep a label
            cheap = Machine("cheap", "0.001", 0.98, seed=6, believed=0.2)
        answer_tasks(expert, f"expert-{number}")
        report = resume(tmp_path / "labelled", workers=[cheap, expert], progress=said)
    purposes = [line.purpose for line in report.rounds]
    looks = [line.asked for line in report.rounds if line.purpose == "audit"]
    assert report.status == "certified"
    assert len(looks) > 1
    assert any("labels are wrong" in note and "more are judged" in note for note in said.notes)
    assert purposes[-len(looks) :] == ["audit"] * len(looks)
    certificate = report.certificate
    assert sum(looks) == certificate.sample
    assert certificate.sample in certificate.looks
    assert certificate.upper_bound is not None
    assert certificate.upper_bound <= 0.06
    assert wrong_share(tmp_path / "labelled") <= 0.06
    now = labels_of(tmp_path / "labelled")
    changed = [item for item in stood if now[item] != stood[item]]
    assert len(changed) == certificate.wrong  # what was mended, and nothing else


def test_what_the_judge_could_not_tell_is_not_drawn_into_a_larger_sample_again(
    tmp_path: Path,
) -> None:
    cheap = Machine("cheap", "0.001", 0.96)
    judge = Machine("judge", "0.2", 0.99, seed=9, silent=0.12)
    settings = config(tmp_path, texts=900, target_error=0.2, explore=10)
    report = label(settings, workers=[cheap, judge])
    looks = [line.asked for line in report.rounds if line.purpose == "audit"]
    with Journal.open(tmp_path / "labelled" / "journal.sqlite") as journal:
        audits = journal.audits()
    assert sum(looks) == sum(len(audit.labels) for audit in audits)
    assert all(len(audit.labels) in audit.sizes for audit in audits)


class Said(Silence):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def labels_of(folder: Path) -> dict[str, str]:
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        return {row["id"]: row["label"] for row in csv.DictReader(file)}


def test_audit_hides_what_it_asks_to_confirm(tmp_path: Path) -> None:
    expert = people(tmp_path, "expert", "0.01", 0.99)
    expert = type(expert)(
        expert.facts,
        tmp_path / "e.json",
        tmp_path / "e.answers.json",
        type(expert.format)("label_studio"),
    )
    cheap = Machine("cheap", "0.0001", 0.97, seed=3)
    report = label(config(tmp_path, explore=0), workers=[cheap, expert])
    purposes = {line.purpose for line in report.rounds}
    tasks = json.loads((tmp_path / "e.json").read_text())
    if "audit" in purposes:
        assert all(not task.get("predictions") for task in tasks)
    assert report.status == "waiting"


def test_a_job_is_not_started_twice(tmp_path: Path) -> None:
    label(config(tmp_path), workers=[Machine("good", "0.05", 0.99)])
    with pytest.raises(ConfigError, match="holds a labelling job already"):
        label(config(tmp_path), workers=[Machine("good", "0.05", 0.99)])


def test_gold_is_kept_and_asked_of_nobody(tmp_path: Path) -> None:
    gold = tmp_path / "gold.csv"
    gold.write_text("id,label\nt0,login\nt1,refund\n")
    worker = Machine("good", "0.05", 0.95)
    label(config(tmp_path, gold=str(gold), audit=False, explore=0), workers=[worker])
    with (tmp_path / "labelled" / "labels.csv").open() as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert rows["t0"]["label"] == "login"
    assert worker.asked == 238


def test_class_names_may_be_longer_than_a_file_name(tmp_path: Path) -> None:
    names = tuple(f"{'a' * 20}{n}" for n in range(20))
    settings = config(tmp_path, classes=(",".join(names),))
    assert find_classes(settings, {}) == names
