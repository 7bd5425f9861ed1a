"""`undercut clean` over real files: nothing vanishes, nothing leaks, the same again is the same."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cleaning_rows import banking_rows, write_rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from undercut.core.artefacts import read_manifest
from undercut.core.errors import ArtefactError, ConfigError, InputError
from undercut.core.ledger import Ledger
from undercut.runs.cleaning import workers
from undercut.runs.cleaning.config import CleanConfig, make_clean_config
from undercut.runs.cleaning.folder import check_cleaned
from undercut.runs.cleaning.job import clean
from undercut.runs.cleaning.report.schema import CleanReport

TABLES = ("data.parquet", "rejected.parquet", "changed.parquet", "suspects.parquet")


def cleaned(out: Path, *sources: Path | str, **settings: object) -> CleanReport:
    settings = {"label_noise": "off", "out": str(out), **settings}
    return clean(make_clean_config({"sources": tuple(map(str, sources)), **settings}))


def table(out: Path, name: str) -> list[dict[str, object]]:
    return pq.read_table(out / f"{name}.parquet").to_pylist()


def digests(out: Path) -> dict[str, str]:
    names = (*TABLES, "provenance.json", "label_noise.json")
    return {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in names}


DIRTY = [
    ("Where is my parcel?", "parcel"),
    ("where is my parcel", "parcel"),
    ("Where is my parcel?", "parcel"),
    ("I want a refund", "refund"),
    ("I want a refund", "parcel"),
    ("I want a refund", "refund"),
    ("Is it open on Sunday?", "hours"),
    ("Is it open on Sunday?", "refund"),
    ("&lt;b&gt;Hello&lt;/b&gt; there, my friend", "greeting"),
    ("Write to jane.doe@example.com about the invoice", "invoice"),
    ("Ｆｕｌｌ width １２３", "other"),
    ("我的手机号是13812345678，请回电", "contact"),
    ("   ", "other"),
    ("退款什么时候到账", ""),
]


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "dirty.csv", DIRTY)


def test_every_row_is_kept_or_rejected_and_says_why(tmp_path: Path, dirty: Path) -> None:
    out = tmp_path / "clean"
    report = cleaned(out, dirty)
    data, rejected = table(out, "data"), table(out, "rejected")
    assert sorted(row["row"] for row in [*data, *rejected]) == list(range(len(DIRTY)))
    assert (report.read, report.kept, report.rejected) == (len(DIRTY), len(data), len(rejected))
    assert {row["row"]: row["rule"] for row in rejected} == {
        2: "exact_duplicate",
        4: "conflicting_label",
        5: "exact_duplicate",
        6: "tied_conflicting_label",
        7: "tied_conflicting_label",
        12: "empty_text",
    }
    assert all(row["evidence"] and row["place"] and row["source"] for row in rejected)
    assert rejected[0]["evidence"] == "the same text as row 0, which is kept"
    assert rejected[0]["place"] == "line 4"
    kept = {row["row"]: row for row in data}
    assert kept[13]["label"] is None
    # Texts that differ in case and punctuation only are kept, in one group.
    assert kept[0]["group"] == kept[1]["group"] == 0


def test_changes_are_told_without_personal_data(tmp_path: Path, dirty: Path) -> None:
    out = tmp_path / "clean"
    cleaned(out, dirty)
    kept = {row["row"]: row["text"] for row in table(out, "data")}
    assert kept[8] == "Hello there, my friend"
    assert kept[9] == "Write to [EMAIL_1] about the invoice"
    changed = table(out, "changed")
    assert {(row["row"], row["rule"]) for row in changed} >= {
        (8, "markup"),
        (9, "personal_data_email"),
        (11, "personal_data_phone"),
    }
    for name in (*TABLES, "report.json", "report.html", "provenance.json"):
        content = (out / name).read_bytes()
        if name.endswith(".parquet"):
            content = json.dumps(pq.read_table(out / name).to_pylist(), default=str).encode()
        for secret in (b"jane.doe", b"13812345678"):
            assert secret not in content, name


def test_rejected_rows_are_masked_too(tmp_path: Path) -> None:
    # Rejected before the step that masks, so only the writer can hide the number.
    rows = [("13812345678" + "�" * 40, "a"), ("a fine text", "b")]
    out = tmp_path / "clean"
    cleaned(out, write_rows(tmp_path / "t.csv", rows))
    rejected = table(out, "rejected")
    assert [row["rule"] for row in rejected] == ["lost_characters"]
    assert "13812345678" not in str(rejected)
    assert "13812345678" not in (out / "report.json").read_text(encoding="utf-8")


TEXTS = st.text(st.sampled_from("ab ,.!Ａ１é\u200b<>&退款了我"), max_size=8)
LABELS = st.sampled_from(["x", "y", "z", ""])


@given(st.lists(st.tuples(TEXTS, LABELS), min_size=1, max_size=40), st.integers(1, 7))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_kept_and_rejected_are_what_was_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("random")
    one = write_rows(folder / "one.csv", rows[:cut] or rows)
    two = write_rows(folder / "two.csv", [("something to read", "x"), *rows[cut:]])
    report = cleaned(folder / "out", one, two, near_duplicates="drop")
    data, rejected = table(folder / "out", "data"), table(folder / "out", "rejected")
    numbers = sorted(row["row"] for row in [*data, *rejected])
    assert numbers == list(range(report.read))
    for line in report.sources:
        assert line.kept + line.rejected == line.read
    assert sum(rule.count for rule in report.rules if rule.action == "rejected") == len(rejected)
    texts = [row["text"] for row in data]
    assert len(texts) == len(set(texts))
    # A row that stands for others is there.
    kept = {row["row"] for row in data}
    assert all(row["group"] in kept for row in data)


def test_the_same_again_is_the_same_byte_for_byte(
    tmp_path: Path, dirty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cleaned(tmp_path / "a", dirty)
    monkeypatch.setattr(workers, "_WORTH_CHARACTERS", 0)
    monkeypatch.setattr("undercut.runs.cleaning.parts.PART_ROWS", 5)
    second = cleaned(tmp_path / "b", dirty, processes=2)
    tables = [pq.read_table(tmp_path / f / "data.parquet") for f in "ab"]
    assert tables[0].equals(tables[1])
    third = cleaned(tmp_path / "c", dirty, processes=1)
    assert digests(tmp_path / "b") == digests(tmp_path / "c")
    assert second.digest == third.digest
    assert first.kept == second.kept


def test_two_sources_are_compared_with_each_other(tmp_path: Path, dirty: Path) -> None:
    more = write_rows(tmp_path / "more.csv", [("I want a refund", "refund"), ("New words", "x")])
    out = tmp_path / "clean"
    report = cleaned(out, dirty, more)
    assert [line.read for line in report.sources] == [len(DIRTY), 2]
    last = [row for row in table(out, "rejected") if row["source"] == str(more)]
    assert [(row["rule"], row["place"]) for row in last] == [("exact_duplicate", "line 2")]


def test_costs_are_booked_by_step_and_by_source(tmp_path: Path, dirty: Path) -> None:
    more = write_rows(tmp_path / "more.csv", [("Some other words", "x")] * 3)
    out = tmp_path / "clean"
    report = cleaned(out, dirty, more)
    with Ledger.open(out / "ledger.sqlite") as ledger:
        assert ledger.verify() == ()
        stages = set(ledger.by_stage())
        total = ledger.total().money("USD")
    assert {"read dirty.csv", "hygiene more.csv", "near_duplicates", "clean"} <= stages
    assert total is not None
    assert report.cost is not None
    assert Decimal(report.cost) == total.amount
    by_step = sum(float(line.cost or 0) for line in report.steps)
    by_source = sum(float(line.cost or 0) for line in report.sources)
    assert by_step == pytest.approx(float(report.cost))
    assert by_source == pytest.approx(float(report.cost), rel=1e-6)
    per_row = float(report.cost) / report.kept
    assert float(report.cost_per_million_kept or 0) == pytest.approx(1e6 * per_row, rel=1e-6)


def test_a_changed_threshold_repeats_only_what_it_touches(tmp_path: Path, dirty: Path) -> None:
    out = tmp_path / "clean"
    cleaned(out, dirty)
    report = cleaned(out, dirty, near_threshold=0.9)
    reused = {line.step: line.reused for line in report.steps}
    assert reused["read"]
    assert reused["hygiene"]
    assert reused["same_texts"]
    assert not reused["near_duplicates"]
    again = cleaned(out, dirty, near_threshold=0.9)
    assert all(line.reused for line in again.steps)
    assert again.cost == report.cost


def test_a_changed_file_is_read_again(tmp_path: Path, dirty: Path) -> None:
    out = tmp_path / "clean"
    cleaned(out, dirty)
    write_rows(dirty, [*DIRTY, ("A row that was not there", "new")])
    assert cleaned(out, dirty).read == len(DIRTY) + 1


def test_a_database_is_read_again_once_a_run_is_finished(tmp_path: Path) -> None:
    base = tmp_path / "shop.sqlite"
    with sqlite3.connect(base) as shop:
        shop.execute("CREATE TABLE messages (text TEXT, label TEXT)")
        shop.execute("INSERT INTO messages VALUES ('where is my order', 'parcel')")
    url, out = f"sqlite:///{base}?table=messages", tmp_path / "clean"
    assert cleaned(out, url).read == 1
    with sqlite3.connect(base) as shop:
        shop.execute("INSERT INTO messages VALUES ('give me my money back', 'refund')")
    assert cleaned(out, url).read == 2


def test_the_manifest_vouches_for_the_files(tmp_path: Path, dirty: Path) -> None:
    out = tmp_path / "clean"
    report = cleaned(out, dirty)
    manifest = read_manifest(out)
    assert {entry.name for entry in manifest.files} >= set(TABLES)
    assert manifest.digest == report.digest
    check_cleaned(out)
    # Another inode, so that the store's own copy stays whole.
    content = bytearray((out / "data.parquet").read_bytes())
    content[40] ^= 1
    (out / "data.parquet").unlink()
    (out / "data.parquet").write_bytes(content)
    with pytest.raises(ArtefactError, match=r"data\.parquet: changed"):
        check_cleaned(out)
    cleaned(out, dirty)
    check_cleaned(out)


def test_unreadable_records_are_rejected_rows(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text(
        '{"text": "one good text", "label": "a"}\n{broken\n{"text": "another text", "label": "b"}\n'
    )
    out = tmp_path / "clean"
    report = cleaned(out, file)
    assert (report.read, report.kept) == (3, 2)
    (row,) = table(out, "rejected")
    assert (row["row"], row["rule"], row["place"]) == (1, "unreadable_row", "line 2")


def test_what_cannot_be_is_refused_before_anything_is_made(tmp_path: Path, dirty: Path) -> None:
    with pytest.raises(ConfigError, match="--out is one of the sources"):
        make_clean_config({"sources": (str(tmp_path),), "out": str(tmp_path)})
    with pytest.raises(ConfigError, match="unknown setting 'nearness'"):
        make_clean_config({"sources": (str(dirty),), "nearness": 1})
    with pytest.raises(ConfigError, match="no source is named"):
        make_clean_config({})
    with pytest.raises(InputError, match="no such file"):
        cleaned(tmp_path / "out", tmp_path / "missing.csv")


def test_settings_come_from_yaml_and_flags_win(tmp_path: Path, dirty: Path) -> None:
    file = tmp_path / "clean.yaml"
    file.write_text(f"sources: [{dirty}]\nnear-threshold: 0.8\nmask: false\n")
    config = make_clean_config({"near_threshold": 0.9, "mask": None}, file=file)
    assert (config.near_threshold, config.mask) == (0.9, False)
    assert isinstance(config, CleanConfig)


def test_passwords_stand_nowhere(tmp_path: Path) -> None:
    config = make_clean_config({"sources": ("postgresql://ann:hunter2@db/shop?table=t",)})
    assert "hunter2" not in json.dumps(config.fit_to_show())


@pytest.mark.parametrize("quality", ["short", "web", "off"])
def test_quality_goes_by_profile(tmp_path: Path, dirty: Path, quality: str) -> None:
    out = tmp_path / quality
    report = cleaned(out, dirty, quality=quality)
    steps = {rule.step for rule in report.rules if rule.action == "rejected"}
    assert ("quality" in steps) == (quality == "web")


def test_other_languages_go_where_one_is_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("py3langid")
    rows = [("我的订单在哪里", "a"), ("Where on earth is my order now", "a"), ("ok", "b")]
    out = tmp_path / "zh"
    cleaned(out, write_rows(tmp_path / "t.csv", rows), languages=("zh",))
    kept = {row["row"]: row["language"] for row in table(out, "data")}
    assert kept == {0: "zh-Hans", 2: None}


@pytest.mark.slow
def test_label_noise_is_found_and_dropped_only_where_it_helps(tmp_path: Path) -> None:
    rows = banking_rows("train.csv")
    labels = sorted({label for _, label in rows})
    wrong = set(range(0, len(rows), 3))
    noisy = [
        (text, labels[(labels.index(label) + 1 + i % 5) % len(labels)] if i in wrong else label)
        for i, (text, label) in enumerate(rows)
    ]
    file = write_rows(tmp_path / "noisy.csv", noisy)
    report = cleaned(tmp_path / "noisy", file, label_noise="auto")
    suspects = table(tmp_path / "noisy", "suspects")
    planted = sum(row["row"] in wrong for row in suspects)
    assert planted > 0.8 * len(wrong)
    # A third of the labels are wrong; flags on real sets are right in .51 to .88 of cases.
    assert planted > 0.6 * len(suspects)
    first = suspects[: len(suspects) // 4]
    assert sum(row["row"] in wrong for row in first) > 0.9 * len(first)
    assert report.label_noise.chosen is not None
    clean_rows = write_rows(tmp_path / "right.csv", rows)
    untouched = cleaned(tmp_path / "right", clean_rows, label_noise="auto")
    assert untouched.label_noise.chosen is None
    assert untouched.label_noise.trials


def test_work_of_other_processes_is_booked_once(
    tmp_path: Path, dirty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended processes hand their CPU time to their parent: no stage may take it for its own."""
    monkeypatch.setattr(workers, "_WORTH_CHARACTERS", 0)
    second = write_rows(tmp_path / "more.csv", [*DIRTY, ("quite another text", "x")])
    parts = tmp_path / "parts"
    parts.mkdir()
    for i in range(3):
        write_rows(parts / f"{i}.csv", [(f"text number {i} of a row {n}", "x") for n in range(60)])
    monkeypatch.setattr("undercut.runs.cleaning.parts.PART_ROWS", 40)
    report = cleaned(tmp_path / "out", dirty, second, parts, processes=2)
    spent = {step.step: float(step.cpu_seconds or 0) for step in report.steps}
    # Two processes import the steps' libraries: some seconds, which must not land here.
    assert spent["near_duplicates"] < 1.0
    assert spent["hygiene"] > 0
