"""Answers for whole files: every format, broken rows, interrupted runs, bounded memory."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

import undercut
from undercut.core.artefacts import write_manifest
from undercut.core.errors import ConfigError, InputError
from undercut.models.cascade import Answers, CascadeSpec, StageSpec
from undercut.models.plan import PLAN_KIND, Plan, PlanDescription, load_plan
from undercut.models.static import StaticModel
from undercut.models.static_words import TokenTable
from undercut.operate.serving import prediction_batches
from undercut.operate.serving.batch_prediction import (
    PredictionProgress,
    PredictionSummary,
    predict_file,
)

CLASSES = ("lost", "refund")
TOKENS = ["[UNK]", "card", "lost", "refund", "卡", "丢", "退", "款"]
# "lost" speaks for the first class, "refund" for the second; "card" is not sure.
ROWS = [(0.1, 0), (3, 0), (0, 3), (0.1, 0), (3, 0), (0, 3), (0, 3)]


def make_plan(folder: Path) -> Path:
    """A real plan folder: two stages of one static model, by hand."""
    tokenizer = Tokenizer(
        models.WordPiece({token: i for i, token in enumerate(TOKENS)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    token_rows = np.array([(*row, 1.0) for row in ROWS], dtype=np.float32)
    table = TokenTable(
        np.arange(1, len(TOKENS)),
        token_rows,
        np.empty(0, dtype=np.uint64),
        np.empty((0, 2), dtype=np.float32),
    )
    for name in ("quick", "slow"):
        (folder / "models" / name).mkdir(parents=True)
        StaticModel(
            CLASSES, tokenizer=tokenizer, table=table, linear=None, bias=np.zeros(2, np.float32)
        ).save(folder / "models" / name)
    description = PlanDescription(
        name="tiny",
        undercut_version="0",
        created="2026-01-01",
        classes=CLASSES,
        cascade=CascadeSpec(
            stages=(
                StageSpec(name="first", weights={"quick": 1.0}, threshold=0.5),
                StageSpec(name="second", weights={"slow": 1.0}),
            )
        ),
        models={"quick": "models/quick", "slow": "models/slow"},
        teacher="slow",
    )
    (folder / "plan.json").write_text(description.model_dump_json(), encoding="utf-8")
    write_manifest(folder, kind=PLAN_KIND)
    return folder


@pytest.fixture(scope="module")
def plan_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_plan(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def plan(plan_folder: Path) -> Plan:
    return load_plan(plan_folder)


RECORDS: list[dict[str, Any]] = [
    {"id": "1", "text": "card lost", "note": "a,b"},
    {"id": "2", "text": "refund please", "note": 'said "no"\nand left'},
    {"id": "3", "text": "卡丢了", "note": ""},
    {"id": "4", "text": "card", "note": "🙂"},
]
WANTED = [("lost", "first"), ("refund", "first"), ("lost", "first"), ("lost", "second")]


def write(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        arrow = pytest.importorskip("pyarrow")
        import pyarrow.parquet

        pyarrow.parquet.write_table(arrow.Table.from_pylist(list(records)), path)
        return path
    if name.endswith(".jsonl"):
        text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    else:
        out = io.StringIO()
        writer = csv.DictWriter(
            out, list(records[0]), delimiter="\t" if name.endswith(".tsv") else ","
        )
        writer.writeheader()
        writer.writerows(records)
        text = out.getvalue()
    data = text.encode("utf-8")
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
        import pyarrow.parquet

        records: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
        return records
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    delimiter = "\t" if name.endswith(".tsv") else ","
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


FORMATS = ["csv", "tsv", "jsonl", "parquet", "csv.gz", "jsonl.gz"]


@pytest.mark.parametrize("source_format", FORMATS)
@pytest.mark.parametrize("out_format", ["csv", "jsonl", "parquet", "tsv.gz"])
def test_rows_and_columns_are_kept_and_answers_added(
    plan: Plan, tmp_path: Path, source_format: str, out_format: str
) -> None:
    source = write(tmp_path / f"in.{source_format}", RECORDS)
    summary = predict_file(plan, source, tmp_path / f"out.{out_format}")
    answered = read(summary.out)
    assert list(answered[0]) == ["id", "text", "note", "label", "confidence", "stage"]
    for record, got, (label, stage) in zip(RECORDS, answered, WANTED, strict=True):
        assert {name: got[name] for name in record} == record
        assert (got["label"], got["stage"]) == (label, stage)
        assert 0.5 < float(got["confidence"]) <= 1.0
    assert (summary.rows, summary.answered, summary.empty, summary.rejected) == (4, 4, 0, 0)
    assert summary.stages == {"first": 3, "second": 1}
    assert summary.renamed == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [source.name, summary.out.name]
    )


def test_answers_are_those_of_the_plan_whatever_the_batch(plan: Plan, tmp_path: Path) -> None:
    texts = [f"{'card ' * (i % 3)}{'lost' if i % 2 else 'refund'} {i}" for i in range(1000)]
    source = write(tmp_path / "in.jsonl", [{"text": text} for text in texts])
    wanted = plan.predict(texts)
    for batch_rows in (1, 7, 5000):
        progress: list[PredictionProgress] = []
        summary = predict_file(
            plan, source, tmp_path / "out.csv", batch_rows=batch_rows, report=progress.append
        )
        got = read(summary.out)
        assert [row["text"] for row in got] == texts
        assert [row["label"] for row in got] == [answer.label for answer in wanted]
        assert [row["stage"] for row in got] == [answer.stage for answer in wanted]
        assert [float(row["confidence"]) for row in got] == pytest.approx(
            [answer.confidence for answer in wanted], abs=6e-5
        )
        assert [step.rows for step in progress] == sorted({step.rows for step in progress})
        assert progress[-1].rows == 1000
        assert progress[-1].fraction == pytest.approx(1.0, abs=0.01)
        assert progress[-1].seconds_left == pytest.approx(0.0, abs=0.1)


def test_columns_that_the_input_has_are_kept_and_the_added_ones_renamed(
    plan: Plan, tmp_path: Path
) -> None:
    rows = [{"text": "lost", "label": "old", "label_predicted": "older", "stage": "s"}]
    summary = predict_file(plan, write(tmp_path / "in.csv", rows), tmp_path / "out.csv")
    assert summary.renamed == {"label": "label_predicted_2", "stage": "stage_predicted"}
    (got,) = read(summary.out)
    assert {name: got[name] for name in rows[0]} == rows[0]
    assert (got["label_predicted_2"], got["stage_predicted"]) == ("lost", "first")
    assert summary.columns["confidence"] == "confidence"


def test_broken_rows_are_left_out_and_told_with_their_lines(plan: Plan, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(
        "id,text\n1,card lost\n2,too,many\n3,\n4,refund\n5\n6,  \n7,lost\n", encoding="utf-8"
    )
    summary = predict_file(plan, source, tmp_path / "out.csv", batch_rows=2)
    assert [(row["id"], row["label"]) for row in read(summary.out)] == [
        ("1", "lost"),
        ("3", ""),
        ("4", "refund"),
        ("6", ""),
        ("7", "lost"),
    ]
    assert (summary.rows, summary.answered, summary.empty, summary.rejected) == (7, 3, 2, 2)
    assert summary.empty_lines == (4, 7)
    assert [problem.line for problem in summary.problems] == [3, 6]
    assert summary.rejected_file == tmp_path / "out.csv.rejected.jsonl"
    assert [row["line"] for row in read(summary.rejected_file)] == [3, 6]
    assert all(row["reason"] for row in read(summary.rejected_file))


def test_a_list_of_rejected_rows_of_an_earlier_run_goes(plan: Plan, tmp_path: Path) -> None:
    stale = tmp_path / "out.csv.rejected.jsonl"
    stale.write_text("{}\n", encoding="utf-8")
    predict_file(plan, write(tmp_path / "in.csv", RECORDS), tmp_path / "out.csv")
    assert not stale.exists()


def test_examples_are_bounded_and_counts_are_not(plan: Plan, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    lines = ['{"text": "lost"}', *["broken", '{"text": null}'] * 500]
    source.write_text("\n".join(lines), encoding="utf-8")
    summary = predict_file(plan, source, tmp_path / "out.jsonl", batch_rows=64)
    assert (summary.rejected, summary.empty) == (500, 500)
    assert (len(summary.problems), len(summary.empty_lines)) == (100, 100)
    assert summary.rejected_file is not None
    assert len(read(summary.rejected_file)) == 500
    assert read(summary.out)[1] == {
        "text": None,
        "label": None,
        "confidence": None,
        "stage": None,
    }


def test_cells_that_are_no_text_or_cannot_be_written_cost_their_row(
    plan: Plan, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(
        '{"text": "lost", "n": 1}\n{"text": 5, "n": 2}\n{"text": ["lost"], "n": 3}\n'
        '{"text": "refund \\ud83d", "n": 4}\n{"text": "refund", "n": 5}\n',
        encoding="utf-8",
    )
    summary = predict_file(plan, source, tmp_path / "out.jsonl", text_column="text")
    assert [row["n"] for row in read(summary.out)] == [1, 5]
    assert [problem.line for problem in summary.problems] == [2, 3, 4]


def test_long_texts_end_a_batch_early(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_batches, "MOST_CHARACTERS", 2_000_000)
    rows = [{"text": "lost " * 200_000}] * 5 + [{"text": "refund"}] * 3
    steps: list[PredictionProgress] = []
    summary = predict_file(
        plan, write(tmp_path / "in.csv", rows), tmp_path / "out.jsonl", report=steps.append
    )
    assert [step.rows for step in steps] == [2, 4, 8]
    assert [row["label"] for row in read(summary.out)] == ["lost"] * 5 + ["refund"] * 3


def test_a_parquet_table_keeps_its_types(plan: Plan, tmp_path: Path) -> None:
    rows = [{"text": "lost", "n": 3, "score": 0.5}, {"text": "refund", "n": 4, "score": None}]
    summary = predict_file(
        plan, write(tmp_path / "in.parquet", rows), tmp_path / "out.parquet", text_column="text"
    )
    got = read(summary.out)
    assert [(row["n"], row["score"]) for row in got] == [(3, 0.5), (4, None)]
    assert isinstance(got[0]["confidence"], float)


class Failing(Plan):
    """Fails at the given batch with the given error."""

    def __init__(self, plan: Plan, batch: int, error: BaseException) -> None:
        super().__init__(plan.description, plan.cascade, plan.digest)
        self.batch, self.error = batch, error

    def answer(self, texts: Sequence[str], *, threads: int | None = None) -> Answers:
        self.batch -= 1
        if self.batch < 0:
            raise self.error
        return super().answer(texts, threads=threads)


@pytest.mark.parametrize("batch", [0, 1, 3])
def test_a_stopped_prediction_leaves_the_old_file_and_nothing_half(
    plan: Plan, tmp_path: Path, batch: int
) -> None:
    source = tmp_path / "in.csv"
    source.write_text("id,text\n" + "1,lost\n2,a,b\n" * 50, encoding="utf-8")
    out = tmp_path / "out.csv"
    out.write_text("old", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        predict_file(Failing(plan, batch, KeyboardInterrupt()), source, out, batch_rows=5)
    assert out.read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_a_report_that_fails_leaves_nothing_half(plan: Plan, tmp_path: Path) -> None:
    def report(progress: PredictionProgress) -> None:
        raise RuntimeError("display gone")

    source = write(tmp_path / "in.csv", RECORDS * 20)
    with pytest.raises(RuntimeError, match="display gone"):
        predict_file(plan, source, tmp_path / "out.csv", batch_rows=4, report=report)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_file_that_breaks_off_is_an_error_and_no_answer(plan: Plan, tmp_path: Path) -> None:
    source = tmp_path / "in.csv.gz"
    lines = "".join(f"{i},lost {i * 7919 % 10007}\n" for i in range(20_000))
    source.write_bytes(gzip.compress(f"id,text\n{lines}".encode())[:-2000])
    with pytest.raises(InputError, match="damaged or cut off"):
        predict_file(plan, source, tmp_path / "out.csv", batch_rows=100)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv.gz"]


def test_wrong_arguments_are_refused_before_anything_is_written(plan: Plan, tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", RECORDS)
    with pytest.raises(ConfigError, match="input file itself"):
        predict_file(plan, source, source)
    with pytest.raises(ConfigError, match="no column 'txt'"):
        predict_file(plan, source, tmp_path / "out.csv", text_column="txt")
    with pytest.raises(ConfigError, match="batch_rows"):
        predict_file(plan, source, tmp_path / "out.csv", batch_rows=0)
    with pytest.raises(InputError, match="format"):
        predict_file(plan, source, tmp_path / "out.xyz")
    with pytest.raises(InputError):
        predict_file(plan, tmp_path / "none.csv", tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


MILLION = textwrap.dedent(
    """
    import json, sys
    from undercut.models.footprint import peak_bytes
    from undercut.models.plan import load_plan
    from undercut.operate.serving.batch_prediction import predict_file

    plan, source, out = sys.argv[1:]
    summary = predict_file(load_plan(plan), source, out)
    print(json.dumps([summary.answered, peak_bytes(), summary.seconds]))
    """
)


def _predict_apart(plan_folder: Path, source: Path, out: Path) -> tuple[int, int, float]:
    command = [sys.executable, "-c", MILLION, str(plan_folder), str(source), str(out)]
    environment = {**os.environ, "PYTHONPATH": str(Path(undercut.__file__).parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    answered, peak, seconds = json.loads(done.stdout)
    return answered, peak, seconds


@pytest.mark.load
def test_a_million_texts_in_bounded_memory(plan_folder: Path, tmp_path: Path) -> None:
    def write_rows(path: Path, rows: int) -> Path:
        with path.open("w", encoding="utf-8") as file:
            file.write("id,text\n")
            for i in range(rows):
                file.write(f"{i},card number {i} was {'lost' if i % 2 else 'a refund'} today\n")
        return path

    small = write_rows(tmp_path / "small.csv", 20_000)
    large = write_rows(tmp_path / "large.csv", 1_000_000)
    _, base, _ = _predict_apart(plan_folder, small, tmp_path / "small_out.csv")
    answered, peak, seconds = _predict_apart(plan_folder, large, tmp_path / "large_out.csv")
    print(f"{answered / seconds:.0f} rows/s, peak {peak / 2**20:.0f} MiB after {base / 2**20:.0f}")
    assert answered == 1_000_000
    # What grows with the words met is bounded by the model; nothing else may grow.
    assert peak < base + 100 * 2**20
    with (tmp_path / "large_out.csv").open(encoding="utf-8") as file:
        assert sum(1 for _ in file) == 1_000_001


def test_summary_counts_add_up(plan: Plan, tmp_path: Path) -> None:
    summary: PredictionSummary = predict_file(
        plan, write(tmp_path / "in.csv", RECORDS), tmp_path / "out.csv"
    )
    assert summary.rows == summary.answered + summary.empty + summary.rejected
    assert sum(summary.stages.values()) == summary.answered
