from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from undercut.core.tabular import open_writer

_STREAM = """
import resource, sys
from undercut.core.tabular import open_rows, open_writer
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if "parquet" in sys.argv[1]:
    import pyarrow.parquet
before = peak()
rows = open_rows(sys.argv[1])
count = 0
with open_writer(sys.argv[2], (*rows.columns, "label")) as out:
    for row in rows:
        out.write((*row.values, "x"))
        count += 1
print(count, (peak() - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl", "parquet"])
def test_a_million_rows_stream_in_bounded_memory(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"in.{ending}"
    with open_writer(path, ["id", "text", "note"]) as out:
        for i in range(1_000_000):
            out.write((str(i), f"message number {i} 你好", "some further words that nobody reads"))
    target = tmp_path / f"out.{ending}"
    run = subprocess.run(
        [sys.executable, "-c", _STREAM, str(path), str(target)],
        env={"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=True,
    )
    count, mebibytes = map(int, run.stdout.split())
    assert count == 1_000_000
    assert mebibytes < 150 if "parquet" in ending else mebibytes < 32
