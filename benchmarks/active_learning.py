"""Active learning beside random choice on BANKING77: frozen shipped encoder, linear model.

    python benchmarks/active_learning.py [--seeds 5] [--methods random,steady,...] [--dev]
        [--out benchmarks/results/active_learning.json]

The training set is the pool; labels are bought 77 at a time. The test split only judges. --dev
judges on 2,500 training rows that are taken out of the pool instead: for trying things.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score

from undercut.build.labels.choosing.choose import WAYS, choose
from undercut.build.labels.choosing.pool import Pool

ASSETS = Path(__file__).parents[1] / "src" / "undercut" / "assets" / "banking77"
BATCH, STEPS = 77, 20


def read(name: str) -> tuple[list[str], list[str]]:
    with (ASSETS / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["intent"] for row in rows]


def embed(texts: list[str], cache: Path | None) -> np.ndarray:
    """Unit vectors of the shipped English encoder; kept in `cache` where given."""
    if cache is not None and cache.exists():
        return np.load(cache)
    from undercut.neural.encoder import MINILM, encode, load_encoder
    from undercut.neural.tokens import tokenise

    encoder = load_encoder(MINILM).eval()
    tokens = tokenise(encoder.tokenizer, texts, max_tokens=64, pad_id=encoder.pad_id)
    vectors = encode(encoder, tokens).numpy()
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    if cache is not None:
        np.save(cache, vectors)
    return vectors


def fit(vectors: np.ndarray, labels: np.ndarray, classes: int, start: np.ndarray) -> np.ndarray:
    """Weights of softmax regression, started from those of the batch before."""
    import torch

    from undercut.neural.linear_head import softmax_regression

    targets = torch.nn.functional.one_hot(torch.from_numpy(labels), classes).float()
    # a scikit-learn C of 20: the sum of losses against half the squared weights over C
    penalty = 1 / (20 * len(labels))
    x, first = torch.from_numpy(vectors).float(), torch.from_numpy(start)
    return softmax_regression(x, targets, penalty, first).numpy()


def softmax(logits: np.ndarray) -> np.ndarray:
    """(rows, classes) with rows that sum to 1."""
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def curve(
    method: str,
    pool: tuple[np.ndarray, np.ndarray],
    judge: tuple[np.ndarray, np.ndarray],
    seed: int,
    steps: int,
) -> list[float]:
    """Macro-F1 after each batch."""
    vectors, truth = pool
    label = np.full(len(truth), -1)
    classes = int(truth.max()) + 1
    probabilities, scores = None, list[float]()
    weights = np.zeros((vectors.shape[1] + 1, classes), dtype=np.float32)
    for _ in range(steps):
        way = method if probabilities is not None or method in COLD else "random"
        picked = choose(Pool(vectors, label, probabilities), BATCH, way, seed=seed)
        label[picked] = truth[picked]
        known = label >= 0
        weights = fit(vectors[known], label[known], classes, weights)
        probabilities = softmax(vectors @ weights[:-1] + weights[-1])
        said = (judge[0] @ weights[:-1] + weights[-1]).argmax(axis=1)
        scores.append(float(f1_score(judge[1], said, average="macro", zero_division=0)))
    return scores


# Ways that need no model for the first batch.
COLD = {"random", "typiclust", "far_apart", "steady"}


def saved(random: np.ndarray, other: np.ndarray) -> list[float]:
    """Share of labels saved at each of random's scores that the other reaches too."""
    labels = BATCH * np.arange(1, len(random) + 1)
    best = np.maximum.accumulate(other)
    shares = []
    for spent, score in zip(labels, random, strict=True):
        if score > best[-1] or spent <= BATCH:
            continue
        shares.append(round(float(1 - np.interp(score, best, labels) / spent), 3))
    return shares


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--methods", default="random,steady,margin,badge,typiclust")
    parser.add_argument("--dev", action="store_true")
    parser.add_argument("--cache", type=Path, help="folder for the vectors")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    methods = [name for name in arguments.methods.split(",") if name in WAYS]
    (texts, intents), (test_texts, test_intents) = read("train.csv"), read("test.csv")
    ids = {name: at for at, name in enumerate(sorted(set(intents)))}
    kept = arguments.cache
    vectors = embed(texts, kept and kept / "train.npy")
    truth = np.array([ids[name] for name in intents])
    if arguments.dev:
        held = np.random.default_rng(0).permutation(len(truth))
        judge = vectors[held[:2500]], truth[held[:2500]]
        pool = vectors[held[2500:]], truth[held[2500:]]
    else:
        judge = (
            embed(test_texts, kept and kept / "test.npy"),
            np.array([ids[name] for name in test_intents]),
        )
        pool = vectors, truth
    table = {}
    for method in methods:
        started = time.perf_counter()
        runs = np.array(
            [curve(method, pool, judge, seed, arguments.steps) for seed in range(arguments.seeds)]
        )
        table[method] = {
            "macro_f1": [round(float(v), 4) for v in runs.mean(axis=0)],
            "spread": [round(float(v), 4) for v in runs.std(axis=0)],
            "seconds": round(time.perf_counter() - started, 1),
        }
        print(method, table[method], flush=True)
    base = np.array(table["random"]["macro_f1"])
    for method in methods:
        scores = np.array(table[method]["macro_f1"])
        table[method]["saved"] = saved(base, scores)
        table[method]["worst_against_random"] = round(float((scores - base).min()), 4)
        shown = (table[method]["saved"], table[method]["worst_against_random"])
        print(f"{method:22s} labels saved {shown[0]}; worst difference {shown[1]}", flush=True)
    if arguments.out:
        content = {"batch": BATCH, "seeds": arguments.seeds, "methods": table}
        arguments.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
