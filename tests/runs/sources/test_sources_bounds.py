"""Hostile files: refused in words, with bounded memory."""

import gzip
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from undercut.build.data.documents import Unreadable
from undercut.core.errors import InputError
from undercut.runs.sources import SourceConfig, ZipLimits, open_source

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
_READ = """
import sys
from pathlib import Path
from undercut.core.errors import InputError
from undercut.runs.sources import open_source
try:
    records = [r for batch in open_source(sys.argv[1]).batches() for r in batch]
    print("read", len(records), *{r.reason for r in records if hasattr(r, "reason")})
except InputError as error:
    print("refused", error.message)
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""
# interpreter, numpy and the like
_BASE_KB = 90 * 1024
_BODY = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nGood morning to you all."
GOOD = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\n"
GOOD += b"WARC-Target-URI: http://example.com/\r\nWARC-Date: 2024-01-02T03:04:05Z\r\n"
GOOD += b"Content-Type: application/http;msgtype=response\r\n"
GOOD += b"Content-Length: %d\r\n\r\n%b\r\n\r\n" % (len(_BODY), _BODY)


def read(path: Path, *, most_mb: int, seconds: float = 30) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    told, memory = done.stdout.decode().strip().rsplit("\n", 1)
    assert int(memory) < _BASE_KB + most_mb * 1024, (memory, told)
    return told


def packed(start: bytes, part: bytes, times: int, wbits: int = 31) -> bytes:
    """gzip data of `start` and many times `part`, without an end; made once, repeated as packed."""
    packer = zlib.compressobj(9, wbits=wbits)
    head = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + (packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)) * times


def test_a_gzipped_table_of_ten_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(packed(b"text,label\n", b"0" * (1 << 20), 10_240))
    assert path.stat().st_size < 20 << 20
    assert "gzip bomb" in read(path, most_mb=60)


def test_a_gzipped_page_of_ten_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "a.html.gz"
    path.write_bytes(packed(b"<html>", b"<p>x" * (1 << 18), 10_240))
    assert "holds more than" in read(path, most_mb=120)


def test_a_zip_of_ten_gigabytes(tmp_path: Path) -> None:
    """160 members of 64 MiB, sizes and checksums right, made of the same packed bytes."""
    size = 64 << 20
    block = packed(b"", bytes(1 << 20), 64, wbits=-15)
    body = block + b"\x03\x00"  # an empty last block
    checksum = 0
    for _ in range(64):
        checksum = zlib.crc32(bytes(1 << 20), checksum)
    local, listing = b"", b""
    for n in range(160):
        name = f"{n:03}.csv".encode()
        fields = struct.pack(
            "<HHHHHIIIHH", 20, 0, 8, 0, 33, checksum, len(body), size, len(name), 0
        )
        listing += b"PK\x01\x02\x14\x00" + fields + struct.pack("<HHHII", 0, 0, 0, 0, len(local))
        listing += name
        local += b"PK\x03\x04" + fields + name + body
    end = struct.pack("<HHHHIIH", 0, 0, 160, 160, len(listing), len(local), 0)
    path = tmp_path / "a.zip"
    path.write_bytes(local + listing + b"PK\x05\x06" + end)
    with zipfile.ZipFile(path) as archive:
        assert sum(m.file_size for m in archive.infolist()) == 160 * size
    assert "zip bomb" in read(path, most_mb=30)
    # let through by what it states, it is stopped by what comes out
    source = open_source(path, SourceConfig(zip=ZipLimits(total_bytes=1 << 40, ratio=10**6)))
    first = next(source.batches(1))[0]
    assert isinstance(first, Unreadable)
    assert "NUL" in first.reason


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.tsv"])
def test_an_endless_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.write(b'text\n"' if "csv" in name else b'{"text": "')
        for _ in range(100):
            file.write(b"word " * (1 << 18))
    told = read(path, most_mb=150)
    assert "longer than" in told or "closed" in told


def test_a_hundred_thousand_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    header = ",".join(f"c{n}" for n in range(100_000))
    path.write_text(f"{header}\n{'1,' * 99_999}1\n" * 2, "utf-8")
    assert "100,000 columns" in read(path, most_mb=120, seconds=20)
    same = tmp_path / "same.csv"
    same.write_text("," * 100_000 + "\n", "utf-8")
    assert "100,001 columns" in read(same, most_mb=60, seconds=20)
    wide = tmp_path / "wide.jsonl"
    with wide.open("w", encoding="utf-8") as file:
        for n in range(1_000):
            file.write("{" + ",".join(f'"k{n}_{m}": 1' for m in range(1_000)) + "}\n")
    assert "columns, expected at most" in read(wide, most_mb=60, seconds=20)


@pytest.mark.parametrize(
    "name", ["a.csv", "a.jsonl", "a.txt", "a.html", "a.parquet", "a.xml", "a.warc"]
)
def test_binary_junk(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(bytes(range(256)) * 4_000)
    told = read(path, most_mb=60)
    assert told.startswith(("refused", "read 1 ", "read 0"))


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.txt", "a.html", "a.parquet", "a.xml"])
def test_gzip_data_that_was_cut_off(tmp_path: Path, name: str) -> None:
    path = tmp_path / (name + ".gz")
    path.write_bytes(gzip.compress(b"some words, " * 40_000)[:-50])
    with pytest.raises(InputError):
        list(open_source(path).batches())


def test_a_bomb_in_an_archive_of_pages(tmp_path: Path) -> None:
    head = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.com/\r\n"
    head += b"WARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n"
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    length = len(http) + (10 << 30)
    head += b"Content-Type: application/http; msgtype=response\r\n"
    head += f"Content-Length: {length}\r\n\r\n".encode()
    path = tmp_path / "a.warc.gz"
    path.write_bytes(packed(head + http, bytes(1 << 20), 10_240))
    assert "refused as a gzip bomb" in read(path, most_mb=120)


@pytest.mark.parametrize("gzipped", [False, True])
def test_an_archive_whose_header_never_ends(tmp_path: Path, gzipped: bool) -> None:
    """And the record behind it is read."""
    start = b"WARC/1.0\r\nWARC-Type: response\r\nX-Endless: "
    path = tmp_path / ("a.warc.gz" if gzipped else "a.warc")
    endless = packed(start, b"a" * (1 << 20), 200) if gzipped else start + b"a" * (200 << 20)
    path.write_bytes(endless + (gzip.compress(GOOD) if gzipped else b"\n" + GOOD))
    said = read(path, most_mb=400, seconds=20)
    assert said.startswith("read 2 "), said  # what is wrong, and the record behind it
    assert "headers are longer" in said


@pytest.mark.parametrize("gzipped", [False, True])
def test_a_record_without_the_address_it_must_have(tmp_path: Path, gzipped: bool) -> None:
    bad = GOOD.replace(b"WARC-Target-URI: http://example.com/\r\n", b"")
    path = tmp_path / ("a.warc.gz" if gzipped else "a.warc")
    path.write_bytes(b"".join(gzip.compress(r) if gzipped else r for r in (GOOD, bad, GOOD)))
    said = read(path, most_mb=300, seconds=20)
    assert said.startswith("read 3 "), said
    assert said.count("no WARC record") == 1
