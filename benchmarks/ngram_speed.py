"""Speed and accuracy of the n-gram model beside scikit-learn's tf-idf + logistic regression.

    python benchmarks/ngram_speed.py [--train FILE --test FILE --characters]

Without files: BANKING77 as shipped. Files are CSV with the columns text and label. Every speed
is text in, probabilities out, the best of several runs in this process: on a shared machine
the best is the least disturbed, and what a quiet machine would do more often.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

# One thread each unless said otherwise: set before numpy starts its pool.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline, make_union

from undercut.build.training.ngram import NgramConfig, train_ngram
from undercut.core.dataset import FloatArray, IntArray
from undercut.models.ngram import NgramModel

REPEATS = 9
BATCH_TEXTS = 20_000

Rows = tuple[list[str], list[str]]


def read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    label = "label" if "label" in table[0] else "intent"
    return [row["text"] for row in table], [row[label] for row in table]


def best_seconds(answer: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        answer()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def batch_speed(answer: Callable[[list[str]], object], texts: list[str], rows: int) -> float:
    """Texts per second."""
    many = (texts * (rows // len(texts) + 1))[:rows]
    return rows / best_seconds(lambda: answer(many))


def single_microseconds(answer: Callable[[list[str]], object], texts: Sequence[str]) -> float:
    """Median over the first 1,000 texts, one at a time."""
    seconds = []
    for text in texts[:1000]:
        started = time.perf_counter()
        answer([text])
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds)) * 1e6


def quality(proba: FloatArray, labels: IntArray) -> str:
    """Accuracy, macro-F1, and accuracy of the most confident 80, 70 and 50%."""
    right = proba.argmax(axis=1) == labels
    order = np.argsort(-proba.max(axis=1), kind="stable")
    kept = [right[order[: int(len(order) * share)]].mean() for share in (0.8, 0.7, 0.5)]
    macro = f1_score(labels, proba.argmax(axis=1), average="macro")
    confident = " / ".join(f"{share:.3f}" for share in kept)
    return f"accuracy {right.mean():.4f}, macro-F1 {macro:.4f}, confident 80/70/50% {confident}"


def measure_ngram(
    train: list[str], labels: IntArray, test: list[str], truth: IntArray, classes: tuple[str, ...]
) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    model = train_ngram(train, labels, classes, NgramConfig())
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model.save(folder)
        size = sum(file.stat().st_size for file in folder.iterdir())
        load = best_seconds(lambda: NgramModel.load(folder))
    print(f"n-gram: {quality(model.predict_proba(test), truth)}")
    print(f"  training {wall:.1f} s, {cpu:.1f} CPU-s; {size / 1e6:.1f} MB; loads in {load:.3f} s")
    for threads in (1, 2):
        speed = batch_speed(
            lambda texts, n=threads: model.predict_proba(texts, threads=n), test, BATCH_TEXTS
        )
        print(f"  batch, {threads} thread(s): {speed:,.0f} texts/s")
    print(f"  one at a time: {single_microseconds(model.predict_proba, test):.0f} microseconds")


def measure_sklearn(
    train: list[str], labels: IntArray, test: list[str], truth: IntArray, *, characters: bool
) -> None:
    letters = TfidfVectorizer(
        analyzer="char" if characters else "char_wb",
        ngram_range=(1, 3) if characters else (2, 5),
        sublinear_tf=True,
        min_df=2,
    )
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    features = letters if characters else make_union(words, letters)
    model = make_pipeline(features, LogisticRegression(C=10, max_iter=300))
    started, cpu = time.perf_counter(), time.process_time()
    model.fit(train, labels)
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(f"scikit-learn: {quality(model.predict_proba(test), truth)}")
    print(f"  training {wall:.1f} s, {cpu:.1f} CPU-s")
    print(f"  batch: {batch_speed(model.predict_proba, test, len(test)):,.0f} texts/s")
    print(f"  one at a time: {single_microseconds(model.predict_proba, test):.0f} microseconds")


def main() -> None:
    shipped = Path(str(files("undercut") / "assets" / "banking77"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=Path, default=shipped / "train.csv")
    parser.add_argument("--test", type=Path, default=shipped / "test.csv")
    parser.add_argument("--characters", action="store_true", help="scikit-learn on characters 1-3")
    arguments = parser.parse_args()
    (train, names), (test, true_names) = read(arguments.train), read(arguments.test)
    classes = tuple(sorted({*names, *true_names}))
    number = {name: i for i, name in enumerate(classes)}
    labels = np.array([number[name] for name in names], dtype=np.int64)
    truth = np.array([number[name] for name in true_names], dtype=np.int64)
    length = np.mean([len(text) for text in test])
    print(
        f"{len(train):,} rows, {len(classes)} classes; {len(test):,} test, {length:.0f} characters"
    )
    print(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    measure_ngram(train, labels, test, truth, classes)
    measure_sklearn(train, labels, test, truth, characters=arguments.characters)


if __name__ == "__main__":
    main()
