"""A crowd's file from the disk to the report: columns guessed, truth and gold, odd rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from undercut.core.errors import ConfigError, InputError
from undercut.core.tabular import open_rows
from undercut.runs.votes.aggregate import Answers, aggregate
from undercut.runs.votes.next_files import next_votes
from undercut.runs.votes.next_report import NextConfig
from undercut.runs.votes.output import votes_json, write_items
from undercut.runs.votes.reading import read_crowd


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def crowd(tmp_path: Path) -> tuple[Path, Path]:
    """60 items, five decent workers, one who always says 'cat', and one who copies w1."""
    random = np.random.default_rng(0)
    answers, truths = ["task,annotator,label"], ["item,truth"]
    for item in range(60):
        right = ("cat", "dog", "owl")[item % 3]
        truths.append(f"t{item},{right}")
        for worker in range(5):
            wrong = random.choice([c for c in ("cat", "dog", "owl") if c != right])
            said = right if random.random() < 0.8 else wrong
            answers.append(f"t{item},w{worker},{said}")
            if worker == 1:
                answers.append(f"t{item},copy,{said}")
        answers.append(f"t{item},constant,cat")
    answers.append("t0,w0,")
    answers.append("t0,w0,cat")
    return write(tmp_path / "a.csv", answers), write(tmp_path / "t.csv", truths)


def test_all_methods_with_truth(crowd: tuple[Path, Path]) -> None:
    report = aggregate(crowd[0], truth=crowd[1], method="all")
    assert report.kind == "classes"
    assert report.columns == ("task", "annotator", "label")
    assert (report.empty, report.repeated, report.judged) == (1, 1, 60)
    assert len(report.methods) == 12
    assert report.chosen == "dawid_skene_communities"
    best = {result.method: result for result in report.methods}[report.chosen]
    assert best.accuracy is not None
    assert best.accuracy > 0.85
    assert best.interval is not None
    assert best.interval[0] < best.accuracy < best.interval[1]
    assert report.copies == (("w1", "copy"),)
    workers = {worker.worker: worker for worker in report.workers}
    assert workers["constant"].always == "cat"
    assert workers["constant"].truth_accuracy == pytest.approx(1 / 3)
    assert workers["w0"].always is None
    assert workers["w0"].confusion is not None
    assert report.agreement.krippendorff_alpha is not None
    assert report.agreement.fleiss_kappa is None  # t0 has one answer more


def test_gold_is_kept_and_judged_nowhere(crowd: tuple[Path, Path], tmp_path: Path) -> None:
    gold = write(tmp_path / "gold.csv", ["task,gold", "t1,owl", "t2,owl"])
    report = aggregate(crowd[0], truth=crowd[1], gold=gold)
    items = {item.item: item for item in report.items}
    assert items["t1"].label == "owl"  # gold wins even where it is odd
    assert items["t1"].probability == 1.0
    assert report.judged == 58


def test_ties_are_said_and_go_to_the_class_seen_first(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", ["item,worker,answer", "x,1,b", "x,2,a"])
    report = aggregate(path, method="majority")
    assert report.items[0].tie
    assert report.items[0].label == "b"
    assert report.methods[0].ties == 1


def test_numbers_are_recognised_and_written(tmp_path: Path) -> None:
    rows = [f"i{i},w{w},{i + w}" for i in range(40) for w in range(3)]
    path = write(tmp_path / "n.csv", ["question,worker,score", *rows])
    truth = write(tmp_path / "t.csv", ["question,truth", "i3,4"])
    report = aggregate(path, method="all", truth=truth)
    assert report.kind == "numbers"
    assert {result.method for result in report.methods} >= {"mean", "median", "catd"}
    assert all(result.mean_absolute_error is not None for result in report.methods)
    assert aggregate(path, answers=Answers.CLASSES).kind == "classes"
    for name in ("out.csv", "out.parquet", "out.jsonl"):
        write_items(report, tmp_path / name)
        assert sum(1 for _ in open_rows(tmp_path / name)) == 40
    with pytest.raises(ConfigError, match="gold"):
        aggregate(path, gold=truth)


def test_written_items_hold_all_probabilities(crowd: tuple[Path, Path], tmp_path: Path) -> None:
    report = aggregate(crowd[0])
    write_items(report, tmp_path / "items.csv")
    stream = open_rows(tmp_path / "items.csv")
    assert stream.columns[:5] == ("item", "label", "probability", "answers", "tie")
    assert set(stream.columns[5:]) == {"p_cat", "p_dog", "p_owl"}
    for row in stream:
        assert sum(float(str(cell)) for cell in row[1][5:]) == pytest.approx(1)
    assert votes_json(report)["chosen"] == "dawid_skene_communities"


@pytest.mark.parametrize(
    "header",
    [
        "HITId,AssignmentId,WorkerId,Answer.sentiment",
        "INPUT:text,ASSIGNMENT:link,ASSIGNMENT:worker_id,OUTPUT:result",
        "题目,状态,标注员,答案",
    ],
)
def test_usual_exports_are_read_without_flags(header: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [header, "q1,x,w1,yes", "q1,y,w2,no"])
    assert read_crowd(path).rows == (("q1", "w1", "yes"), ("q1", "w2", "no"))


def test_bad_files_are_refused_with_words(crowd: tuple[Path, Path], tmp_path: Path) -> None:
    unclear = write(tmp_path / "u.csv", ["a,b,c", "1,2,3"])
    with pytest.raises(ConfigError, match="holds the item") as caught:
        aggregate(unclear)
    assert "--item-column" in str(caught.value.hint)
    assert len(aggregate(unclear, item_column="a", worker_column="b", answer_column="c").items) == 1
    with pytest.raises(InputError, match=r"n\.csv:3: an answer without 'worker'"):
        aggregate(write(tmp_path / "n.csv", ["item,worker,answer", "x,1,a", "x,,a"]))
    with pytest.raises(InputError, match="no answers"):
        aggregate(write(tmp_path / "e.csv", ["item,worker,answer", "x,1,"]))
    with pytest.raises(InputError, match="none of its 1 items"):
        aggregate(crowd[0], truth=write(tmp_path / "o.csv", ["item,truth", "other,cat"]))
    with pytest.raises(InputError, match="is 'cat' and 'dog'"):
        aggregate(crowd[0], truth=write(tmp_path / "d.csv", ["item,truth", "t0,cat", "t0,dog"]))
    with pytest.raises(ConfigError, match="does not exist"):
        aggregate(crowd[0], method="catd")
    with pytest.raises(InputError, match="no finite number"):
        aggregate(crowd[0], answers=Answers.NUMBERS)


def test_next_votes_say_the_labels_that_aggregate_writes(crowd: tuple[Path, Path]) -> None:
    listed = next_votes(crowd[0], NextConfig(most_votes=30)).votes
    labels = {item.item: item.label for item in aggregate(crowd[0]).items}
    assert len(listed) > 3
    assert [vote.label for vote in listed] == [labels[vote.item] for vote in listed]


def test_a_voter_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="a worker has no name"):
        NextConfig(workers=("anna", " "))
