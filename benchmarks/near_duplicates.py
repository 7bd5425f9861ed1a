"""Near-duplicates beside datasketch: quality, speed and memory on planted and on real texts.

    python benchmarks/near_duplicates.py [--texts 1000000] [--other-texts 50000] [--threads 2]

Planted: short English and Chinese texts with edited copies and hard negatives, see
`planted_duplicates.py`. Both sides read one file of one text a line; each runs in a process of
its own, whose peak memory is the whole process. datasketch gets a smaller set made in the same
way, `--other-texts` (its time grows in proportion, so texts a second are compared), with default
threshold, words or character 3-grams, and with our own threshold; ours on that set stands beside
it, and ours on one with more hard negatives: the mix decides what precision can be reached.
Scores are over pairs of texts in one group, against pairs in one family.

Real: with UNDERCUT_SHARED naming the folder that holds `data/near_duplicates_news` and
`data/near_duplicates_listings`. Our defaults were chosen on planted texts of other seeds and on
one half of the listings' sites; the other is `listings_held_out` (seen, but not chosen on).

Result: benchmarks/results/near_duplicates.json.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.resources import files
from itertools import islice
from pathlib import Path

# One thread for linear algebra: neither side uses it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from planted_duplicates import Planted, pair_score, plant
from undercut.runs.machine import machine_facts

RESULTS = Path(__file__).parent / "results" / "near_duplicates.json"
SEED = 20_261_124  # no setting was chosen after looking at it
HARDER = 0.3
DATASKETCH = {
    "datasketch, words, default threshold 0.9": ("words", 0.9),
    "datasketch, character 3-grams, default threshold 0.9": ("grams", 0.9),
    "datasketch, character 3-grams, threshold 0.55": ("grams", 0.55),
}
LISTING_COLUMNS = ("site_name", "address", "zip", "phone")


def lines(path: str, most: int) -> Iterator[str]:
    with Path(path).open(encoding="utf-8", newline="\n") as stream:
        for line in islice(stream, most):
            yield line[:-1]


def ours(texts: Iterator[str], threads: int) -> list[int]:
    from undercut.build.data.near_duplicates import near_duplicates

    return near_duplicates(texts, threads=threads).representative.tolist()


def datasketch(texts: Iterator[str], shingles: str, threshold: float) -> list[int]:
    """MinHash and MinHashLSH with their defaults, and union-find over what a query returns."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=threshold, num_perm=128)
    parent: list[int] = []

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for row, text in enumerate(texts):
        parent.append(row)
        pieces = text.lower().split() if shingles == "words" else _grams(text.lower())
        sketch = MinHash(num_perm=128)
        sketch.update_batch([piece.encode() for piece in pieces])
        for other in index.query(sketch):
            parent[root(row)] = root(other)
        index.insert(row, sketch)
    return [root(i) for i in range(len(parent))]


def _grams(text: str) -> set[str]:
    return {text[i : i + 3] for i in range(max(1, len(text) - 2))}


def work(path: str, most: int, side: str, threads: int) -> None:
    """One side, in a process of its own; the answer goes to standard output."""
    ours(iter(["warm up: the character table is built once a process"]), threads)
    start, cpu = time.perf_counter(), time.process_time()
    if side == "undercut":
        groups = ours(lines(path, most), threads)
    else:
        groups = datasketch(lines(path, most), *DATASKETCH[side])
    figures = {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu,
        "peak_memory_bytes": peak_memory_bytes(),
    }
    json.dump({"groups": groups, "figures": figures}, sys.stdout)


def peak_memory_bytes() -> int:
    """Of this process alone; getrusage also counts what its parent held when it was forked."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def run(path: Path, most: int, side: str, threads: int, truth: list[int]) -> dict:
    command = [sys.executable, __file__, "--work", str(path), str(most), side, str(threads)]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    score, figures = pair_score(answer["groups"], truth[:most]), answer["figures"]
    row = {
        "side": side,
        "texts": most,
        "threads": threads,
        **{name: round(value, 3) for name, value in figures.items()},
        "texts_per_second": round(most / figures["seconds"]),
        "texts_per_cpu_second": round(most / figures["cpu_seconds"]),
        **{name: round(value, 4) for name, value in score.items()},
    }
    print(json.dumps(row), flush=True)
    return {"row": row, "groups": answer["groups"]}


def wrongly_joined(groups: list[int], planted: Planted) -> dict[str, float]:
    """Of siblings (same pattern, other number or name), the share put into another's group."""
    families: dict[int, set[int]] = defaultdict(set)
    for group, family in zip(groups, planted.family, strict=True):
        families[group].add(family)
    joined: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for group, kind in zip(groups, planted.kind, strict=True):
        if kind.startswith("sibling"):
            joined[kind][0] += len(families[group]) > 1
            joined[kind][1] += 1
    return {kind: round(wrong / all_, 4) for kind, (wrong, all_) in sorted(joined.items())}


def missed(groups: list[int], planted: Planted) -> dict[str, float]:
    """By kind of edit, the share of copies not in the group of their family's first text."""
    base = {
        family: group
        for group, family, kind in zip(groups, planted.family, planted.kind, strict=True)
        if kind.startswith(("base", "sibling"))
    }
    lost: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for group, family, kind in zip(groups, planted.family, planted.kind, strict=True):
        if not kind.startswith(("base", "sibling")):
            name = "two edits" if "+" in kind else kind
            lost[name][0] += group != base[family]
            lost[name][1] += 1
    return {kind: round(wrong / all_, 4) for kind, (wrong, all_) in sorted(lost.items())}


def planted_figures(size: int, other_size: int, threads: int) -> dict:
    stream = files("undercut").joinpath("assets/banking77/train.csv").open(encoding="utf-8")
    with stream:
        vocabulary = " ".join(row["text"] for row in csv.DictReader(stream)).split()
    planted = plant(size, vocabulary=vocabulary, seed=SEED)
    few = plant(other_size, vocabulary=vocabulary, seed=SEED + 1)
    harder = plant(other_size, vocabulary=vocabulary, seed=SEED + 2, sibling_fraction=HARDER)
    size, other_size = len(planted.texts), len(few.texts)
    with tempfile.TemporaryDirectory() as folder:
        many_path, few_path, harder_path = (
            written(Path(folder) / name, texts)
            for name, texts in (("many", planted), ("few", few), ("harder", harder))
        )
        whole = run(many_path, size, "undercut", threads, planted.family)
        rows = [whole["row"], run(many_path, size, "undercut", 1, planted.family)["row"]]
        few_rows = [
            run(few_path, other_size, side, 1, few.family)["row"]
            for side in ("undercut", *DATASKETCH)
        ]
        hard = run(harder_path, len(harder.texts), "undercut", 1, harder.family)["row"]
    fastest = max(row["texts_per_second"] for row in few_rows[1:])
    frugal = max(row["texts_per_cpu_second"] for row in few_rows[1:])
    siblings = sum(kind.startswith("sibling") for kind in planted.kind)
    copies = sum(not kind.startswith(("base", "sibling")) for kind in planted.kind)
    return {
        "mean_characters": round(sum(map(len, planted.texts)) / size, 1),
        "copies_fraction": round(copies / size, 4),
        "siblings_fraction": round(siblings / size, 4),
        "all_texts": rows,
        "few_texts_beside_datasketch": few_rows,
        "few_texts_with_more_siblings": {"sibling_fraction": HARDER, **hard},
        "times_fastest_datasketch": round(rows[0]["texts_per_second"] / fastest, 1),
        "times_fastest_datasketch_one_thread": round(rows[1]["texts_per_second"] / fastest, 1),
        "times_fastest_datasketch_per_cpu_second": round(
            rows[1]["texts_per_cpu_second"] / frugal, 1
        ),
        "missed_by_kind": missed(whole["groups"], planted),
        "siblings_wrongly_joined": wrongly_joined(whole["groups"], planted),
    }


def written(path: Path, planted: Planted) -> Path:
    path.write_text("".join(text + "\n" for text in planted.texts), "utf-8", newline="\n")
    return path


def real_figures(texts: list[str], family: list[int], threads: int) -> dict[str, dict[str, float]]:
    found = {"undercut": ours(iter(texts), threads)}
    for side, settings in DATASKETCH.items():
        found[side] = datasketch(iter(texts), *settings)
    return {side: _with_f1(pair_score(groups, family)) for side, groups in found.items()}


def _with_f1(score: dict[str, float]) -> dict[str, float]:
    precision, recall = score["precision"], score["recall"]
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {name: round(value, 4) for name, value in {**score, "f1": f1}.items()}


def news(folder: Path) -> tuple[list[str], list[int]]:
    with gzip.open(folder / "articles.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        articles = list(csv.DictReader(stream))
    family = {row["doc_id"]: i for i, row in enumerate(articles)}
    with (folder / "duplicate_pairs.csv").open(encoding="utf-8", newline="") as stream:
        for pair in csv.DictReader(stream):
            family[pair["doc_id_2"]] = family[pair["doc_id_1"]]
    return [row["text"] for row in articles], [family[row["doc_id"]] for row in articles]


def listings(folder: Path, *, held_out: bool) -> tuple[list[str], list[int]]:
    with (folder / "listings.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    sites = sorted({row["true_id"] for row in rows})
    random.Random(5).shuffle(sites)
    number = {site: i for i, site in enumerate(sites)}
    if held_out:
        rows = [row for row in rows if number[row["true_id"]] >= len(sites) // 2]
    texts = [" ".join(row[column] for column in LISTING_COLUMNS) for row in rows]
    return texts, [number[row["true_id"]] for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--other-texts", type=int, default=50_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work[0], int(given.work[1]), given.work[2], int(given.work[3]))
        return

    result = {
        "command": "python benchmarks/near_duplicates.py",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": asdict(machine_facts()),
        "load_average_before": os.getloadavg()[0],  # of others: near 0 on a quiet machine
        "planted": planted_figures(given.texts, given.other_texts, given.threads),
    }
    shared = os.environ.get("UNDERCUT_SHARED")
    if shared:
        data = Path(shared) / "data"
        of_listings = data / "near_duplicates_listings"
        sets = {
            "news": news(data / "near_duplicates_news"),
            "listings": listings(of_listings, held_out=False),
            "listings_held_out": listings(of_listings, held_out=True),
        }
        for name, (texts, family) in sets.items():
            result[name] = real_figures(texts, family, given.threads)
            print(name, json.dumps(result[name], indent=1))
    RESULTS.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
