"""Free rules that are believed to be very good: asked about everything, trusted with nothing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from market_workers import CLASSES

from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.job import label, resume
from undercut.runs.labelling.result import LabelReport

TEXTS = 200
RULES = """- name: rules
  kind: rules
  accuracy: 0.98
  rules:
""" + "".join(f"  - {{label: {name}, keywords: [{name}]}}\n" for name in CLASSES)
MODEL = "- {name: model, kind: file, answers: model.csv, price: 0.003 usd}\n"
EXPERT = "- {name: expert, kind: people, format: csv, price: 0.05 usd, accuracy: 0.98}\n"


def truth_of(item: str) -> str:
    return CLASSES[int(item[1:]) % len(CLASSES)]


def job(folder: Path, workers: str, **more: object) -> LabelConfig:
    """Rules know every third text; the model errs on every fifth."""
    texts = ["id,text"]
    votes = ["task,worker,label"]
    for number in range(TEXTS):
        item = f"t{number}"
        topic = truth_of(item) if number % 7 < 2 else "question"
        texts.append(f"{item},my {topic} is number {number}")
        votes.append(f"{item},m,{truth_of(item) if number % 5 else CLASSES[number % 2]}")
    (folder / "texts.csv").write_text("\n".join(texts) + "\n", encoding="utf-8")
    (folder / "model.csv").write_text("\n".join(votes) + "\n", encoding="utf-8")
    (folder / "workers.yaml").write_text(workers, encoding="utf-8")
    settings: dict[str, object] = {
        "source": str(folder / "texts.csv"),
        "workers": str(folder / "workers.yaml"),
        "budget": "5 USD",
        "classes": (",".join(CLASSES),),
        "out": str(folder / "labelled"),
    }
    return LabelConfig.model_validate(settings | more)


def go_on_answering(report: LabelReport, folder: Path) -> LabelReport:
    """The expert answers all files rightly until the job ends."""
    tasks = folder / "labelled" / "people" / "expert.csv"
    answers = tasks.with_name("expert.answers.csv")
    done: dict[str, str] = {}
    for _ in range(40):
        if report.status != "waiting":
            return report
        with tasks.open(encoding="utf-8", newline="") as file:
            done |= {row["task"]: truth_of(row["task"]) for row in csv.DictReader(file)}
        lines = [f"{item},e,{name}" for item, name in done.items()]
        answers.write_text("task,worker,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
        report = resume(folder / "labelled")
    raise AssertionError("still waiting")


def asked(report: LabelReport, worker: str) -> int:
    return next(line.answers for line in report.workers if line.name == worker)


def test_nothing_free_stays_unasked_and_no_text_without_a_label(tmp_path: Path) -> None:
    report = go_on_answering(label(job(tmp_path, RULES + MODEL + EXPERT)), tmp_path)
    assert asked(report, "rules") == TEXTS
    assert report.labelled == TEXTS
    assert not any(line.purpose == "audit" and line.worker != "expert" for line in report.rounds)


@pytest.mark.parametrize("workers", [RULES, RULES + MODEL])
def test_rules_never_certify_themselves(tmp_path: Path, workers: str) -> None:
    report = label(job(tmp_path, workers))
    assert report.status not in {"certified", "not_certified"}
    assert report.certificate.upper_bound is None
    assert asked(report, "rules") == TEXTS
