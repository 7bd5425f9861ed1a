"""`undercut clean` from end to end on a million short texts: time, memory, cost.

    python benchmarks/clean_million.py [--texts 1000000] [--classes 0] [--processes 2]

Texts are those of `planted_duplicates.py` (English and Chinese, edited copies, hard negatives) in
one CSV file, written before the clock starts. --classes: labels to give them, 0 for none. A class
is what the weightiest word (Chinese: character) of a family's first text says, words having a
class and a weight by their checksum: it can be learnt, not perfectly; every tenth label is another
one. Suspects are scored against these, over the rows that were examined. The command runs as a
user would run it, in a process of its own with its workers.

Memory is the sum over those processes of their proportional set size (a shared page counts once),
sampled five times a second, and the main process's own peak as the kernel keeps it. Pages of
files that are mapped count although the kernel may drop them. Near-duplicates are scored over
pairs of rows in one group against pairs in one family, over all rows: a row that went as the same
text stands with the row kept for it.

Result: benchmarks/results/clean_million.json.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import psutil
import pyarrow.parquet as pq

from planted_duplicates import Planted, pair_score, plant
from undercut.runs.machine import machine_facts

RESULTS = Path(__file__).parent / "results" / "clean_million.json"
SEED = 20_261_125
NOISE = 0.1
EVERY_SECONDS = 0.2


class Watcher(threading.Thread):
    """Samples a process and its children until told to stop."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(process.pid)
        self._done = threading.Event()
        self.all_bytes = self.main_bytes = 0

    def run(self) -> None:
        while not self._done.wait(EVERY_SECONDS):
            try:
                every = [self._process, *self._process.children(recursive=True)]
                self.all_bytes = max(self.all_bytes, sum(map(proportional_bytes, every)))
                self.main_bytes = max(self.main_bytes, own_peak_bytes(self._process.pid))
            except psutil.NoSuchProcess:
                return

    def stop(self) -> None:
        self._done.set()
        self.join()


def proportional_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


def own_peak_bytes(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(lines[0].split()[1]) * 1024 if lines else 0


def write_source(path: Path, planted: Planted, classes: int) -> None:
    labels = noisy_labels(planted, classes) if classes else []
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label") if classes else ("text",))
        rows.writerows(zip(planted.texts, labels, strict=True) if classes else zip(planted.texts))


def true_classes(planted: Planted, classes: int) -> list[int]:
    """Each row's class: that of its family's first text."""
    known: dict[int, int] = {}
    for text, family in zip(planted.texts, planted.family, strict=True):
        if family not in known:
            checksums = (zlib.crc32(word.encode()) for word in words(text))
            known[family] = max(checksums) % classes
    return [known[family] for family in planted.family]


def words(text: str) -> list[str]:
    return text.split() if text.isascii() else list(text)


def noisy_labels(planted: Planted, classes: int) -> list[str]:
    rng = random.Random(SEED)
    found = []
    for true in true_classes(planted, classes):
        wrong = rng.random() < NOISE
        found.append(f"class {(true + rng.randrange(1, classes)) % classes if wrong else true}")
    return found


def score_suspects(out: Path, planted: Planted, classes: int) -> dict[str, float]:
    """Of the examined rows: suspects that are wrong labels, wrong labels that are suspects."""
    verdict = json.loads((out / "label_noise.json").read_text())
    true = true_classes(planted, classes)
    rows = pq.read_table(out / "suspects.parquet", columns=["row", "label", "suggested"])
    listed = rows.to_pydict()
    right = [
        label != f"class {true[row]}"
        for row, label in zip(listed["row"], listed["label"], strict=True)
    ]
    mended = [
        said == f"class {true[row]}"
        for row, said in zip(listed["row"], listed["suggested"], strict=True)
    ]
    return {
        **{name: verdict.get(name) for name in ("examined", "noise_fraction", "chosen", "touched")},
        "listed": len(right),
        "listed_that_are_wrong_fraction": sum(right) / max(1, len(right)),
        "suggested_right_fraction": sum(mended) / max(1, len(mended)),
        # rows that went before (copies) are no sample of the rest: the planted share stands for it
        "wrong_that_are_listed_fraction": sum(right) / max(1.0, NOISE * verdict["examined"]),
    }


def score(out: Path, planted: Planted) -> dict[str, float]:
    """Rows by the group they ended in; what went as a copy by the row that its evidence names."""
    group = list(range(len(planted.texts)))
    data = pq.read_table(out / "data.parquet", columns=["row", "group"]).to_pydict()
    for row, its in zip(data["row"], data["group"], strict=True):
        group[row] = its
    gone = pq.read_table(out / "rejected.parquet", columns=["row", "rule", "evidence"]).to_pydict()
    for row, rule, evidence in zip(*gone.values(), strict=True):
        if rule in ("exact_duplicate", "near_duplicate"):
            kept = int(evidence.split(" row ")[1].split(",")[0])
            group[row] = group[kept]
    return pair_score(group, planted.family)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--classes", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    with (files("undercut") / "assets/banking77/train.csv").open(encoding="utf-8") as stream:
        vocabulary = " ".join(row["text"] for row in csv.DictReader(stream)).split()
    planted = plant(given.texts, vocabulary=vocabulary, seed=SEED)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="undercut-clean-million-") as folder:
        source, out = Path(folder) / "texts.csv", Path(folder) / "clean"
        write_source(source, planted, given.classes)
        found = measured(source, out, given.processes) | {"pairs": score(out, planted)}
        if given.classes:
            found["suspects"] = score_suspects(out, planted, given.classes)
        megabytes = source.stat().st_size / 1e6
    rows = len(planted.texts)
    result = {
        "command": f"python benchmarks/clean_million.py --texts {given.texts} "
        f"--classes {given.classes} --processes {given.processes}",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": asdict(machine_facts()),
        "load_average_before": load,
        "rows": rows,
        "megabytes": round(megabytes, 1),
        "mean_characters": round(sum(map(len, planted.texts)) / rows, 1),
        "rows_per_second": round(rows / found["seconds"]),
        **found,
    }
    print(json.dumps(result, indent=1))
    known = json.loads(given.out.read_text()) if given.out.is_file() else {}
    name = f"{given.texts} rows, {given.classes or 'no'} classes"
    given.out.write_text(json.dumps({**known, name: result}, indent=1) + "\n")


def measured(source: Path, out: Path, processes: int) -> dict:
    command = [sys.executable, "-m", "undercut", "clean", str(source), "--out", str(out)]
    command += ["--text-column", "text", "--processes", str(processes), "--json", "--quiet"]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    watcher = Watcher(process)
    watcher.start()
    said, _ = process.communicate()
    seconds = time.perf_counter() - started
    watcher.stop()
    if process.returncode:
        raise SystemExit(f"the command ended with {process.returncode}")
    report = json.loads(said)
    work = sum(file.stat().st_size for file in (out / "work").rglob("*") if file.is_file())
    return {
        "seconds": round(seconds, 1),
        "peak_all_processes_mb": round(watcher.all_bytes / 1e6),
        "peak_main_process_mb": round(watcher.main_bytes / 1e6),
        "work_folder_mb": round(work / 1e6),
        "kept": report["kept"],
        "rejected": report["rejected"],
        "cost": report["cost"],
        "steps": {
            step["step"]: {"wall_seconds": step["wall_seconds"], "cpu_seconds": step["cpu_seconds"]}
            for step in report["steps"]
        },
    }


if __name__ == "__main__":
    main()
