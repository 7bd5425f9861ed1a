"""`undercut clean` on files made to hurt, and on a disk that fills: told in words, memory kept."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads peak memory in kB")
MB = 1 << 20
# interpreter, Arrow, numpy and the command line: 115 MB where this was written
MOST_MB = 220
_CHILD = """
import resource, signal, sys
from undercut.cli.main import main
most = int(sys.argv[1])
if most:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
try:
    main(sys.argv[2:])
finally:
    # not ru_maxrss: that keeps what the process was before exec, a copy of the test runner
    status = open("/proc/self/status").read()
    print(status.split("VmHWM:")[1].split()[0], file=sys.stderr)
"""


def called(*arguments: object, file_bytes: int = 0) -> tuple[int, str, int]:
    """Exit code, what was told, and peak memory in MB. file_bytes: no file grows beyond that."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(file_bytes), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        check=False,
    )
    assert done.stderr.count("\n") > 1 or not done.returncode, done.stderr
    *told, memory = done.stderr.strip().split("\n")
    return done.returncode, "\n".join(told), int(memory) // 1024


def ten_gigabytes(path: Path) -> None:
    packer = zlib.compressobj(9, wbits=31)
    head = packer.compress(b"text,label\n") + packer.flush(zlib.Z_FULL_FLUSH)
    part = packer.compress(b"good day,b\n" * 95_326) + packer.flush(zlib.Z_FULL_FLUSH)
    path.write_bytes(head + part * 10_240)


def endless_line(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b'text,label\n"')
        for _ in range(100):
            file.write(b"word " * (MB // 5))


def many_columns(path: Path) -> None:
    header = ",".join(f"c{n}" for n in range(100_000))
    path.write_text(f"{header}\n{'1,' * 99_999}1\n" * 2, "utf-8")


def junk(path: Path) -> None:
    path.write_bytes(bytes(range(128, 256)) * 8_000)


@pytest.mark.parametrize(
    ("name", "write", "told"),
    [
        ("bomb.csv.gz", ten_gigabytes, "refused as a gzip bomb"),
        ("endless.csv", endless_line, "a line longer than 16777216 characters"),
        ("wide.csv", many_columns, "100,000 columns, expected at most 4,096"),
        ("junk.csv", junk, "is not valid UTF-8"),
        ("junk.parquet", junk, "cannot be read as a Parquet file"),
        ("junk.zip", junk, "zip"),
    ],
)
def test_a_hostile_file_is_refused_in_words(
    tmp_path: Path, name: str, write: Callable[[Path], None], told: str
) -> None:
    path, out = tmp_path / name, tmp_path / "out"
    write(path)
    code, said, memory = called("clean", path, "--out", out, "-q")
    assert code == 3, said
    assert told in said
    assert name in said
    assert "Try:" in said
    assert "Traceback" not in said
    assert memory < MOST_MB
    assert not (out / "manifest.json").exists()
    good = tmp_path / "good.csv"
    good.write_text("text,label\nThe lamp is broken again,fault\n" * 2, "utf-8")
    code, said, _ = called("clean", good, "--out", out, "-q", "--label-noise", "off")
    assert code == 0, said


# Where the disk fills: the ledger's first pages, the rows, a table, arrays, the result.
@pytest.mark.parametrize("file_bytes", [40_000, 60_000, 100_000, 200_000, 400_000])
def test_wherever_the_disk_fills_the_same_command_goes_on(tmp_path: Path, file_bytes: int) -> None:
    train = files("undercut") / "assets" / "banking77" / "train.csv"
    whole = tmp_path / "whole"
    assert called("clean", train, "--out", whole, "-q", "--label-noise", "off")[0] == 0
    out = tmp_path / "out"
    arguments = ("clean", train, "--out", out, "-q", "--label-noise", "off")
    code, said, _ = called(*arguments, file_bytes=file_bytes)
    assert code == 6, said
    assert "Traceback" not in said
    assert "a defect" not in said
    assert "Try:" in said
    code, said, _ = called(*arguments)
    assert code == 0, said
    for file in whole.glob("*.parquet"):
        assert file.read_bytes() == (out / file.name).read_bytes(), file.name
