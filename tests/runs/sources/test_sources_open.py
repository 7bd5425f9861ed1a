import gzip
import json
import pickle
import shutil
import struct
import sys
import types
import zipfile
from datetime import date
from pathlib import Path

import pytest

from undercut.build.data.documents import Document, Record, Source, Unreadable
from undercut.core.errors import ConfigError, InputError, MissingExtraError
from undercut.core.tabular import open_writer
from undercut.runs.sources import SourceConfig, ZipLimits, open_source
from undercut.runs.sources.addresses import shown

PROSE = "It rained for the whole day, and the river rose over the old bridge in the evening. "
ZH = "今天下了一整天的雨，晚上河水漫过了旧桥。"


def read(path: str | Path, config: SourceConfig | None = None, rows: int = 1_024) -> list[Record]:
    return [record for batch in open_source(path, config).batches(rows) for record in batch]


def documents(records: list[Record]) -> list[Document]:
    return [record for record in records if isinstance(record, Document)]


def problems(records: list[Record]) -> dict[str, str]:
    return {r.origin.place: r.reason for r in records if isinstance(r, Unreadable)}


def table(path: Path, rows: int = 3) -> Path:
    with open_writer(path, ["text", "label", "day", "terms"]) as out:
        for n in range(rows):
            out.write([f"{n} {PROSE}", f"class{n % 2}", "2024-03-05", "CC0"])
    return path


@pytest.mark.parametrize(
    "name", ["a.csv", "a.tsv", "a.jsonl", "a.parquet", "a.csv.gz", "a.jsonl.gz"]
)
def test_every_table_format_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    path = table(tmp_path / name)
    config = SourceConfig(date_column="day", licence_column="terms", extra_columns=("day",))
    found = open_source(path, config)
    assert isinstance(found, Source)
    assert found.address == str(path)
    assert found.rows_at_most is not None
    assert found.rows_at_most >= 3
    records = documents(read(path, config))
    assert [r.text for r in records] == [f"{n} {PROSE}" for n in range(3)]
    assert [r.label for r in records] == ["class0", "class1", "class0"]
    assert {r.origin.date for r in records} == {date(2024, 3, 5)}
    assert {r.origin.licence for r in records} == {"CC0"}
    assert records[0].extra == {"day": "2024-03-05"}
    first = 2 if "sv" in name else 1
    unit = "record" if "parquet" in name else "line"
    assert [r.origin.place for r in records] == [f"{unit} {first + n}" for n in range(3)]


def test_reading_again_starts_again_and_batches_are_bounded(tmp_path: Path) -> None:
    source = open_source(table(tmp_path / "a.csv", rows=10))
    sizes = [len(batch) for batch in source.batches(4)]
    assert sizes == [4, 4, 2]
    assert [list(b) for b in source.batches(4)] == [list(b) for b in source.batches(4)]
    with open_writer(tmp_path / "long.jsonl", ["text"]) as out:
        for _ in range(6):
            out.write(["x" * (5 << 20)])
    assert [len(batch) for batch in open_source(tmp_path / "long.jsonl").batches()] == [2, 2, 2]


def test_records_may_travel_between_processes(tmp_path: Path) -> None:
    records = read(table(tmp_path / "a.csv"))
    assert pickle.loads(pickle.dumps(records)) == records  # noqa: S301 - our own bytes


def test_bad_records_are_records(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "fine one"}\nnot json\n{"text": 5}\n{"text": null}\n', "utf-8")
    records = read(path)
    assert [d.text for d in documents(records)] == ["fine one", ""]
    assert set(problems(records)) == {"line 2", "line 3"}
    assert len(records) == 4


def test_texts_pages_and_feeds_are_documents(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(ZH.encode("gb18030"))
    (tmp_path / "b.md").write_text(f"# Rain\n\n{PROSE}", "utf-8")
    (tmp_path / "c.html.gz").write_bytes(
        gzip.compress(f"<html><title>T</title><body><p>{PROSE * 5}</p></body></html>".encode())
    )
    (tmp_path / "d.xml").write_text(
        "<rss version='2.0'><channel><item><title>t</title><description>body words"
        "</description><link>http://x.com/1</link></item></channel></rss>",
        "utf-8",
    )
    records = documents(read(tmp_path))
    assert [r.text for r in records] == [
        ZH,
        f"# Rain\n\n{PROSE}".strip(),
        (PROSE * 5).strip(),
        "body words",
    ]
    assert [r.origin.place for r in records] == [
        "a.txt",
        "b.md",
        "c.html.gz",
        "d.xml entry 1 http://x.com/1",
    ]
    assert records[2].extra["title"] == "T"
    assert {r.origin.source for r in records} == {str(tmp_path)}


def test_folders_are_walked_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("z/a.csv", "b.csv", "a/2.csv", "a/10.csv", ".git/x.csv", "B.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        table(tmp_path / name, rows=1)
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "circle").symlink_to(tmp_path)
    records = read(tmp_path)
    assert [r.origin.place for r in documents(records)] == [
        "B.csv line 2",
        "a/10.csv line 2",
        "a/2.csv line 2",
        "b.csv line 2",
        "z/a.csv line 2",
    ]
    assert "cannot tell the format" in problems(records)["photo.png"]
    assert problems(records)["empty.csv"] == "the file is empty"
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="holds no files"):
        open_source(tmp_path / "none")


def test_a_saved_data_set_is_a_source_alone_and_in_a_folder(tmp_path: Path) -> None:
    import pyarrow as pa

    folder = tmp_path / "set"
    folder.mkdir()
    schema = pa.schema([("text", pa.string()), ("label", pa.int64())])
    with pa.ipc.new_stream(str(folder / "data-00000.arrow"), schema) as out:
        out.write_table(
            pa.table({"text": ["one text", "two texts"], "label": [0, 1]}, schema=schema)
        )
    (folder / "state.json").write_text('{"_data_files": [{"filename": "data-00000.arrow"}]}')
    names = {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}}
    (folder / "dataset_info.json").write_text(json.dumps({"features": names}))
    assert [d.label for d in documents(read(folder))] == ["no", "yes"]
    assert documents(read(tmp_path))[1].origin.place == "set record 2"


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return path


def test_members_of_a_zip_are_read_and_bad_ones_told(tmp_path: Path) -> None:
    csv = f'text,label\n"{PROSE}",x\n'.encode()
    inner = zipped(tmp_path / "inner.zip", {"a.csv": csv}).read_bytes()
    path = zipped(
        tmp_path / "a.zip",
        {
            "../../evil.csv": csv,
            "a/b.csv": csv,
            "bad.csv": b"\xff\xfe\xff\xfe",
            "disguised.csv": inner,
            "inner.zip": inner,
            "more.tar.gz": b"x",
            "notes.txt": PROSE.encode(),
            "__MACOSX/b.csv": b"x",
            "pic.png": b"PNG",
        },
    )
    records = read(path)
    assert [d.origin.place for d in documents(records)] == [
        "../../evil.csv line 2",
        "a/b.csv line 2",
        "notes.txt",
    ]
    why = problems(records)
    assert set(why) == {"bad.csv", "disguised.csv", "inner.zip", "more.tar.gz", "pic.png"}
    assert "archive inside an archive" in why["inner.zip"]
    assert "archive inside an archive" in why["disguised.csv"]
    assert not any("undercut-zip-" in reason for reason in why.values())
    assert not (tmp_path.parent / "evil.csv").exists()


def test_zip_bombs_are_refused_at_once(tmp_path: Path) -> None:
    zeros = zipped(tmp_path / "zeros.zip", {"a.csv": bytes(200 << 20)})
    with pytest.raises(InputError, match=r"times its size.*zip bomb"):
        open_source(zeros)
    # a list of members that says 10 GB
    big = bytearray(
        zipped(tmp_path / "big.zip", {"a.csv": b"text\n" + b"x" * 9_000}, 0).read_bytes()
    )
    entry = big.find(b"PK\x01\x02")
    big[entry + 24 : entry + 28] = struct.pack("<I", 4_000_000_000)
    (tmp_path / "big.zip").write_bytes(big)
    with pytest.raises(InputError, match="zip bomb"):
        open_source(tmp_path / "big.zip")
    many = zipped(tmp_path / "many.zip", {f"{n}.txt": b"" for n in range(50)})
    with pytest.raises(InputError, match="50 members"):
        open_source(many, SourceConfig(zip=ZipLimits(members=10)))
    with pytest.raises(InputError, match="list of members takes"):
        open_source(many, SourceConfig(zip=ZipLimits(listing_bytes=100)))


def test_a_member_that_lies_about_its_size_is_cut(tmp_path: Path) -> None:
    body = b"text\n" + b"some words here\n" * 100_000
    data = bytearray(zipped(tmp_path / "lie.zip", {"a.csv": body}).read_bytes())
    entry = data.find(b"PK\x01\x02")
    for at in (22, entry + 24):  # both copies of the unpacked size
        data[at : at + 4] = struct.pack("<I", 100)
    (tmp_path / "lie.zip").write_bytes(data)
    records = read(tmp_path / "lie.zip")
    assert not documents(records)
    assert "cannot be unpacked" in problems(records)["a.csv"]


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), bytes(100)])
def test_what_is_no_zip_is_refused(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(body)
    with pytest.raises(InputError):
        read(tmp_path / "a.zip")


def test_encrypted_members_are_told(tmp_path: Path) -> None:
    data = bytearray(zipped(tmp_path / "a.zip", {"a.csv": b"text\nsome words\n"}).read_bytes())
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    assert problems(read(tmp_path / "a.zip")) == {"a.csv": "is encrypted"}


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nowhere.csv", "no such file"),
        ("ftp://example.com/a.csv", "no source has addresses"),
        ("/dev/null", "not a regular file"),
    ],
)
def test_addresses_that_are_none(address: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_source(address)


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("postgresql://u:p@ss@h/d?table=t", "postgresql://u:***@h/d?table=t"),
        ("postgresql://u@h/d?table=t", "postgresql://u@h/d?table=t"),
        ("https://x.com/feed?api_key=abc&a=1", "https://x.com/feed?api_key=***&a=1"),
        ("sqlite:///a/b.db?query=select * from t", "sqlite:///a/b.db?query=select * from t"),
        ("data/a:b@c.csv", "data/a:b@c.csv"),
    ],
)
def test_addresses_are_shown_without_secrets(address: str, safe: str) -> None:
    assert shown(address) == safe


def test_hub_names_need_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match="datasets"):
        open_source("hf:some/name")


def test_rows_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    class Rows(list[dict[str, object]]):
        features = types.MappingProxyType({"label": types.SimpleNamespace(names=["no", "yes"])})
        info = types.SimpleNamespace(splits={"test": types.SimpleNamespace(num_examples=2)})

    def load(name: str, config: str | None, *, split: str, streaming: bool) -> Rows:
        assert (name, config, split, streaming) == ("some/name", "en", "test", True)
        return Rows([{"text": "one text", "label": 0}, {"text": "two", "label": -1}])

    fake = types.SimpleNamespace(load_dataset=load)
    monkeypatch.setitem(sys.modules, "datasets", fake)
    source = open_source("hf:some/name:en", SourceConfig(split="test"))
    assert source.rows_at_most == 2
    records = [r for batch in source.batches() for r in batch]
    assert [d.label for d in documents(records)] == ["no", None]


def test_unknown_columns_are_told_before_the_first_row(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no column 'date'"):
        open_source(table(tmp_path / "a.csv"), SourceConfig(date_column="date"))


def test_a_missing_extra_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trafilatura.py").write_text("raise ModuleNotFoundError(name='lxml')")
    page = tmp_path / "a.html"
    page.write_text("<p>x</p>")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(MissingExtraError, match="lxml"):
        read(page)
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)


def test_a_list_of_members_hidden_behind_a_small_number_is_refused(tmp_path: Path) -> None:
    """The end record says 46 bytes; the zip64 record before it, which zipfile believes, does not.

    Its locator leads to a decoy: zipfile does not go there either.
    """
    whole = zipped(
        tmp_path / "many.zip", {f"{i:05d}.txt": b"x" for i in range(12_000)}
    ).read_bytes()
    at = whole.rfind(b"PK\5\6")
    members, _, length, start = struct.unpack_from("<HHII", whole, at + 8)
    record = struct.pack(
        "<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, members, members, length, start
    )
    decoy = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 46, start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, at, 1)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, 46, start, 0)
    file = tmp_path / "sly.zip"
    file.write_bytes(whole[:at] + decoy + record + locator + end)
    config = SourceConfig(zip=ZipLimits(listing_bytes=100_000))
    with pytest.raises(InputError, match="the list of members takes"):
        read(file, config)
