"""`undercut audit` from a folder of labels to its certificate and into the plan's report."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from undercut.build.data.read import read_table
from undercut.core.errors import ConfigError, InputError
from undercut.runs.auditing.audit_job import audit_folder, certify_audit, draw_audit
from undercut.runs.auditing.certificate_file import load_certificate
from undercut.runs.auditing.plan_note import label_notes
from undercut.runs.steps.digest import digest_path

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """600 labels, one in ten wrong, and two rows without a label."""
    folder = tmp_path / "labelled"
    folder.mkdir()
    random = np.random.default_rng(0)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "probability", "source"])
        for row in range(600):
            right = ("card", "loan", "转账")[row % 3]
            wrong = random.random() < 0.1
            label = "card" if wrong else right
            chance = random.uniform(0.4, 0.9) if wrong else random.uniform(0.7, 1.0)
            writer.writerow([f"text {row} about {right}", label, f"{chance:.3f}", "crowd"])
        writer.writerow(["nobody knows", "", "", ""])
        writer.writerow(["nobody knows either", "", "", ""])
    return folder


def fill(folder: Path, name: str = "filled.csv", *, leave: int = 0) -> Path:
    """The expert reads the truth off the text."""
    with (audit_folder(folder) / "tasks.csv").open(encoding="utf-8", newline="") as file:
        tasks = list(csv.DictReader(file))
    path = folder.parent / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["task", "text", "truth"])
        for at, task in enumerate(tasks):
            said = "" if at < leave else task["text"].split()[-1]
            writer.writerow([task["task"], task["text"], said])
    return path


def test_draw_answer_certify(labelled: Path) -> None:
    drawn = draw_audit(labelled, size=200)
    assert (drawn.size, drawn.rows, drawn.unlabelled) == (200, 600, 2)
    assert drawn.best_upper == pytest.approx(1 - 0.05 ** (1 / 200))
    tasks = drawn.tasks.read_text(encoding="utf-8")
    assert "crowd" not in tasks
    assert tasks.splitlines()[0] == "task,text,truth"
    found = certify_audit(labelled, fill(labelled), now=NOW, target_error=0.15)
    assert found["met"] is True
    assert found["wrong"] > 5
    # "card" texts labelled card by mistake are right: some 7% are wrong
    assert found["error_lower"] < 0.07 < found["error_upper"] < 0.15
    assert found["accuracy"] is not None
    assert {one["label"] for one in found["shares"]} == {"card", "loan", "转账"}
    assert load_certificate(labelled) == json.loads(json.dumps(found))
    strict = certify_audit(labelled, fill(labelled), now=NOW, target_error=0.02)
    assert strict["met"] is False


def test_open_tasks_count_as_wrong(labelled: Path) -> None:
    draw_audit(labelled, size=200)
    full = certify_audit(labelled, fill(labelled), now=NOW)
    part = certify_audit(labelled, fill(labelled, leave=30), now=NOW)
    assert part["unanswered"] == 30
    assert part["error_upper"] > full["error_upper"] + 0.1


def test_repeated_looks_are_wider_and_narrow_down(labelled: Path) -> None:
    draw_audit(labelled, size=200, looks=True)
    early = certify_audit(labelled, fill(labelled, leave=0), now=NOW)
    with (audit_folder(labelled) / "tasks.csv").open(encoding="utf-8", newline="") as file:
        order = [task["task"] for task in csv.DictReader(file)]
    path = fill(labelled)
    rows = list(csv.reader(path.open(encoding="utf-8")))
    first = set(order[:50])
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([rows[0], *(row for row in rows[1:] if row[0] in first)])
    look = certify_audit(labelled, path, now=NOW)
    assert look["looked_at"] == 50
    assert look["error_upper"] > early["error_upper"]


def test_a_sample_stands_until_another_is_asked_for(labelled: Path) -> None:
    first = draw_audit(labelled, size=50)
    before = first.tasks.read_bytes()
    assert draw_audit(labelled, size=50).kept
    with pytest.raises(ConfigError, match="drawn"):
        draw_audit(labelled, size=60)
    draw_audit(labelled, size=50, again=True)
    assert first.tasks.read_bytes() != before
    assert certify_audit(labelled, fill(labelled), now=NOW)["sample_number"] == 2


def test_changed_labels_and_foreign_answers_are_refused(labelled: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sample"):
        certify_audit(labelled, tmp_path / "x.csv", now=NOW)
    draw_audit(labelled, size=50)
    path = fill(labelled)
    foreign = tmp_path / "foreign.csv"
    foreign.write_text("task,truth\n99999,card\n", encoding="utf-8")
    with pytest.raises(InputError, match="was not drawn"):
        certify_audit(labelled, foreign, now=NOW)
    foreign.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="needs the columns"):
        certify_audit(labelled, foreign, now=NOW)
    with (labelled / "labels.csv").open("a", encoding="utf-8") as file:
        file.write("one more,card,0.9,crowd\n")
    with pytest.raises(InputError, match="changed since"):
        certify_audit(labelled, path, now=NOW)


def test_a_plain_table_can_be_audited_too(tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text("text,intent\n" + "pay my bill now,a\nclose my card,b\n" * 30, encoding="utf-8")
    drawn = draw_audit(path, size=100, label_column="intent")
    assert drawn.size == 60
    assert drawn.best_upper == 0.0  # all of them: nothing left to chance
    assert drawn.tasks.parent == tmp_path / "tickets.csv-audit" / "audit"


def test_the_certificate_travels_into_the_plans_report(labelled: Path) -> None:
    assert label_notes(labelled) == ()
    assert label_notes(labelled / "labels.csv") == ()
    table = read_table(labelled)
    assert len(table.texts) == 602
    before = digest_path(labelled)
    draw_audit(labelled, size=200)
    found = certify_audit(labelled, fill(labelled), now=NOW)
    assert digest_path(labelled) == before  # an audit is no reason to train again
    (note,) = label_notes(labelled)
    assert f"at most {found['error_upper']:.1%}" in note.en
    assert note.zh is not None
    with (labelled / "labels.csv").open("a", encoding="utf-8") as file:
        file.write("one more,card,0.9,crowd\n")
    (note,) = label_notes(labelled)
    assert note.level == "warning"
    assert digest_path(labelled) != before


def test_the_labelling_jobs_own_certificate_is_read_too(labelled: Path) -> None:
    files = {"labels.csv": hashlib.sha256((labelled / "labels.csv").read_bytes()).hexdigest()}
    content = {"upper_bound": 0.04, "confidence": 0.95, "sample": 150, "files": files}
    path = labelled / "label_certificate.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    (note,) = label_notes(labelled)
    assert "at most 4.0%" in note.en
    path.write_text(json.dumps(content | {"upper_bound": None}), encoding="utf-8")
    assert label_notes(labelled) == ()
    path.write_text("{", encoding="utf-8")
    assert label_notes(labelled)[0].level == "warning"
