"""Leaks planted between train and test, in every kind of source: all must be found."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cleaning_rows import banking_rows, write_rows

from undercut.runs.cleaning.config import make_clean_config
from undercut.runs.cleaning.job import clean

Rows = list[tuple[str, str]]


def planted() -> tuple[Rows, list[str], dict[int, str]]:
    """Training rows, test texts, and by which rule each planted row must go."""
    rows = banking_rows("train.csv")[:120]
    tests = [text for text, _ in banking_rows("train.csv")[200:230]]
    leaks: dict[int, str] = {}
    for i, text in enumerate(tests):
        how = i % 3
        leaked = (text, text.upper().replace("?", " !"), f"{text} thanks")[how]
        leaks[len(rows)] = "near_test" if how == 2 else "also_in_test"
        rows.append((leaked, "planted"))
    return rows, tests, leaks


def tsv(folder: Path, rows: Rows) -> Path:
    return write_rows(folder / "test.tsv", rows, "\t")


def jsonl(folder: Path, rows: Rows) -> Path:
    path = folder / "test.jsonl"
    lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def parquet(folder: Path, rows: Rows) -> Path:
    path = folder / "test.parquet"
    texts, labels = zip(*rows, strict=True)
    pq.write_table(pa.table({"text": texts, "label": labels}), path)
    return path


def gzipped(folder: Path, rows: Rows) -> Path:
    path = folder / "test.csv.gz"
    path.write_bytes(gzip.compress(write_rows(folder / "plain.csv", rows).read_bytes()))
    (folder / "plain.csv").unlink()
    return path


def database(folder: Path, rows: Rows) -> str:
    pytest.importorskip("sqlalchemy")
    with sqlite3.connect(folder / "test.sqlite") as base:
        base.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, text TEXT, label TEXT)")
        base.executemany("INSERT INTO messages (text, label) VALUES (?, ?)", rows)
    return f"sqlite:///{folder / 'test.sqlite'}?table=messages"


def folder_of_texts(folder: Path, rows: Rows) -> Path:
    texts = folder / "texts"
    texts.mkdir()
    for i, (text, _) in enumerate(rows):
        (texts / f"{i:03d}.txt").write_text(text)
    return texts


def warc(folder: Path, rows: Rows) -> Path:
    archive = pytest.importorskip("warcio.warcwriter")
    headers = pytest.importorskip("warcio.statusandheaders")
    path = folder / "test.warc.gz"
    with path.open("wb") as file:
        writer = archive.WARCWriter(file, gzip=True)
        for i, (text, _) in enumerate(rows):
            head = headers.StatusAndHeaders(
                "200 OK", [("Content-Type", "text/plain; charset=utf-8")], protocol="HTTP/1.1"
            )
            record = writer.create_warc_record(
                f"https://example.com/{i}",
                "response",
                payload=io.BytesIO(text.encode()),
                http_headers=head,
            )
            writer.write_record(record)
    return path


FORMATS: tuple[Callable[[Path, Rows], Path | str], ...] = (
    lambda folder, rows: write_rows(folder / "test.csv", rows),
    tsv,
    jsonl,
    parquet,
    gzipped,
    database,
    folder_of_texts,
    warc,
)
NAMES = ("csv", "tsv", "jsonl", "parquet", "gz", "sql", "folder", "warc")


@pytest.mark.parametrize("write", FORMATS, ids=NAMES)
def test_every_planted_leak_is_found(
    tmp_path: Path, write: Callable[[Path, Rows], Path | str]
) -> None:
    rows, tests, leaks = planted()
    train = write_rows(tmp_path / "train.csv", rows)
    test = write(tmp_path, [(text, "x") for text in tests])
    out = tmp_path / "clean"
    report = clean(
        make_clean_config(
            {
                "sources": (str(train),),
                "test": str(test),
                "label_noise": "off",
                "quality": "off",
                "out": str(out),
            }
        )
    )
    rejected = {row["row"]: row for row in pq.read_table(out / "rejected.parquet").to_pylist()}
    found = {row: rejected[row]["rule"] for row in leaks if row in rejected}
    assert found == leaks
    assert all("test source" in rejected[row]["evidence"] for row in leaks)
    (line,) = [source for source in report.sources if source.test]
    assert line.read == len(tests)
    assert line.kept == 0
    # Not everything goes: the other rows of these intents differ enough from the test's.
    assert report.kept > 0.8 * (len(rows) - len(leaks))


def test_leaks_are_seen_through_markup_widths_and_masks(tmp_path: Path) -> None:
    tests = ["Where is my card &amp; pin?", "我的订单在哪里，电话13812345678", "ABC express please"]
    rows = [
        ("Where is my <b>card</b> & pin?", "a"),
        ("我的订单在哪里，电话13987654321", "b"),
        ("ＡＢＣ　express please", "c"),
        ("something else altogether", "d"),
    ]
    out = tmp_path / "clean"
    clean(
        make_clean_config(
            {
                "sources": (str(write_rows(tmp_path / "train.csv", rows)),),
                "test": str(write_rows(tmp_path / "test.csv", [(text, "x") for text in tests])),
                "label_noise": "off",
                "out": str(out),
            }
        )
    )
    assert pq.read_table(out / "data.parquet")["row"].to_pylist() == [3]
