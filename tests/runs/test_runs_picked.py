"""Texts that were chosen for what they teach judge nothing, by whatever way their labels come."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cleaning_rows import banking_rows

from undercut.build.data.picked import picks_of
from undercut.core.errors import InputError
from undercut.core.tabular.writer import open_writer
from undercut.runs.cleaning.config import make_clean_config
from undercut.runs.cleaning.job import clean
from undercut.runs.config import RunConfig
from undercut.runs.labelling.formats.labelled import read_labelled
from undercut.runs.labelling.formats.saved import write_saved
from undercut.runs.progress import Silence
from undercut.runs.stages import open_stages
from undercut.runs.steps.data import RunData, make_data

ROWS = 600
COLUMNS = ("id", "text", "label", "picked")


class Heard(Silence):
    """Keeps what is said on screen."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def labels(path: Path, picked: Callable[[int], str], column: str = "picked") -> Path:
    rows = banking_rows("train.csv")[:ROWS]
    with open_writer(path, (*COLUMNS[:3], column)) as writer:
        for n, (text, label) in enumerate(rows):
            writer.write((f"t{n}", text, label, picked(n)))
    return path


def third(n: int) -> str:
    return "random" if n % 3 == 0 else "chosen"


def data_of(train: Path, out: Path, **more: object) -> tuple[RunData, list[str]]:
    said = Heard()
    config = RunConfig.model_validate({"train": str(train), "out": str(out)} | more)
    with open_stages(out, price=None, budget=None, progress=said, created_by="test") as stages:
        return make_data(stages, config)[1], said.notes


def as_folder(tmp_path: Path) -> Path:
    (tmp_path / "labelled").mkdir()
    return labels(tmp_path / "labelled" / "labels.csv", third).parent


def as_saved(tmp_path: Path) -> Path:
    table = labels(tmp_path / "labels.csv", third)
    write_saved(tmp_path / "saved", read_labelled(table), types={})
    return tmp_path / "saved"


def cleaned(tmp_path: Path, source: Path) -> Path:
    out = tmp_path / "clean"
    clean(make_clean_config({"sources": (str(source),), "augment": "off", "out": str(out)}))
    return out


def twice_cleaned(tmp_path: Path) -> Path:
    first = cleaned(tmp_path, labels(tmp_path / "labels.csv", third))
    (tmp_path / "again").mkdir()
    return cleaned(tmp_path / "again", first)


WAYS: dict[str, Callable[[Path], Path]] = {
    "folder": as_folder,
    "csv": lambda folder: labels(folder / "labels.csv", third),
    "tsv": lambda folder: labels(folder / "mine.tsv", third),
    "jsonl": lambda folder: labels(folder / "mine.jsonl", third),
    "parquet": lambda folder: labels(folder / "labels.parquet", third),
    "saved": as_saved,
    "cleaned": lambda folder: cleaned(folder, labels(folder / "labels.csv", third)),
    "cleaned_file": lambda folder: (
        cleaned(folder, labels(folder / "labels.csv", third)) / "data.parquet"
    ),
    "cleaned_folder": lambda folder: cleaned(folder, as_folder(folder)),
    "cleaned_again": twice_cleaned,
}


@pytest.mark.parametrize("way", WAYS)
def test_only_the_random_sample_judges_whatever_the_way(tmp_path: Path, way: str) -> None:
    rows = banking_rows("train.csv")[:ROWS]
    chosen = {text for n, (text, _) in enumerate(rows) if third(n) == "chosen"}
    train = WAYS[way](tmp_path)
    data, notes = data_of(train, tmp_path / "run")
    judged = {*data.tune.texts, *data.certify.texts}
    assert len(judged) > 0.6 * ROWS / 3
    assert not judged & chosen
    found = {f["rule"]: f["count"] for f in data.facts["split_findings"]}
    left_out = found.get("near_copy_left_out", 0)
    assert len(chosen & set(data.train.texts)) + left_out > 0.9 * len(chosen)
    assert ["these alone judge models" in note for note in notes] == [True]
    again, repeated = data_of(train, tmp_path / "run")
    assert repeated == notes, "said too where the stage is kept"
    assert again.certify.texts == data.certify.texts


def test_a_column_of_ones_own_by_that_name_is_named_and_not_read(tmp_path: Path) -> None:
    own = labels(tmp_path / "own.csv", lambda n: "chosen" if n % 2 else "2024-05-01")
    data, notes = data_of(own, tmp_path / "run")
    plain, silent = data_of(labels(tmp_path / "no.csv", third, "how"), tmp_path / "plain")
    assert data.certify.texts == plain.certify.texts
    assert not silent
    assert len(notes) == 1
    assert "not read" in notes[0]
    assert "'2024-05-01'" in notes[0]


def test_a_label_column_of_that_name_is_the_label(tmp_path: Path) -> None:
    table = labels(tmp_path / "x.csv", third)
    data, notes = data_of(table, tmp_path / "run", label_column="picked", text_column="text")
    assert data.classes == ("chosen", "random")
    assert not notes


def test_rows_of_which_nothing_is_known_train_and_judge_nothing(tmp_path: Path) -> None:
    def mixed(n: int) -> str:
        return "" if n % 3 == 1 else third(n)

    data, _ = data_of(labels(tmp_path / "mixed.csv", mixed), tmp_path / "run")
    rows = banking_rows("train.csv")[:ROWS]
    sample = {text for n, (text, _) in enumerate(rows) if third(n) == "random"}
    assert {*data.tune.texts, *data.certify.texts} <= sample


def test_a_test_file_is_judged_on_its_sample_alone(tmp_path: Path) -> None:
    train = labels(tmp_path / "train.csv", lambda _: "random")
    rows = banking_rows("test.csv")
    test = tmp_path / "test.csv"
    with test.open("w", encoding="utf-8", newline="") as file:
        picked = [(f"u{n}", *row, third(n)) for n, row in enumerate(rows)]
        csv.writer(file).writerows([COLUMNS, *picked])
    data, notes = data_of(train, tmp_path / "run", test=str(test))
    assert data.test is not None
    assert len(data.test) == -(-len(rows) // 3)
    assert [str(test) in note for note in notes] == [True]


@pytest.mark.parametrize(
    ("picked", "says"),
    [
        (lambda _: "chosen", "calls no row 'random'"),
        (lambda n: third(n) if n != 4 else "manual", "holds 'manual' beside"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, picked: Callable[[int], str], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        data_of(labels(tmp_path / "labels.csv", picked), tmp_path / "run")


@pytest.mark.parametrize(
    ("values", "judges"),
    [
        (None, None),
        ([None, None], None),
        (["random", "random"], None),
        (["random", None], [True, False]),
        (["Random", "Chosen"], None),
    ],
)
def test_which_values_count(values: Sequence[str | None] | None, judges: list[bool] | None) -> None:
    found = picks_of(values, [1, 2], "x").judges
    assert (None if found is None else found.tolist()) == judges


def test_a_line_is_named_where_a_value_is_wrong() -> None:
    with pytest.raises(InputError) as caught:
        picks_of(["random", "chosen", "x"], [2, 3, 9], "file.csv")
    assert caught.value.line == 9


def test_clean_keeps_it_beside_cells_that_are_asked_for(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    source = labels(tmp_path / "labels.csv", third)
    out = tmp_path / "clean"
    settings = {"sources": (str(source),), "extra_columns": ("id",), "augment": "off"}
    clean(make_clean_config(settings | {"out": str(out)}))
    first = json.loads(pq.read_table(out / "data.parquet")["extra"].to_pylist()[0])
    assert first == {"id": "t0", "picked": "random"}


def test_no_chosen_text_teaches_what_a_near_copy_of_it_is_judged_by(tmp_path: Path) -> None:
    """The drawn text goes on judging: without it the sample would lack what is said often."""
    rows = [row for row in banking_rows("train.csv") if len(row[0]) > 60]
    path = tmp_path / "labels.csv"
    texts = [(text, label, "random") for text, label in rows[::2]]
    texts += [(f"{text} ok", label, "chosen") for text, label in rows[::2]]
    texts += [(text, label, "chosen") for text, label in rows[1::2]]
    with open_writer(path, ("text", "label", "picked")) as writer:
        for each in texts:
            writer.write(each)
    data, _ = data_of(path, tmp_path / "run", tune_rows=40, certify_rows=100)
    judged = {*data.tune.texts, *data.certify.texts}
    assert len(judged) == pytest.approx(140, abs=15)
    assert not {f"{text} ok" for text in judged} & set(data.train.texts)
    found = {f["rule"]: f["count"] for f in data.facts["split_findings"]}
    assert found["near_copy_left_out"] >= 0.9 * len(judged)


def test_near_copies_of_a_sample_stand_in_one_part(tmp_path: Path) -> None:
    rows = [row for row in banking_rows("train.csv") if len(row[0]) > 60]
    folder = tmp_path / "labelled"
    folder.mkdir()
    with open_writer(folder / "labels.csv", ("text", "label")) as writer:
        for text, label in rows:
            writer.write((text, label))
            writer.write((f"{text} ok", label))
    data, notes = data_of(folder, tmp_path / "run", tune_rows=40, certify_rows=100)
    assert not notes
    for part in (data.train, data.tune, data.certify):
        said = set(part.texts)
        assert len({text.removesuffix(" ok") for text in said}) <= 0.55 * len(said)
