"""How far a cosine can be trusted: `undercut clean --semantic` on pairs that people judged.

    python benchmarks/semantic_pairs.py SHARED_DATA

SHARED_DATA holds faq_stack_paraphrases (English; questions of one FAQ entry mean the same),
faq_covid (English pairs marked same or not) and zh_finance_question_pairs (Chinese, marked too).
The encoder is the one that `--semantic` takes for the language. Each set has two parts: the
threshold is the least one whose precision on the first part reaches --precision, and the figures
to report are of the other part. First parts: every other FAQ entry, the pairs of every other
question, the Chinese dev file (its labels are noisy; the test file's are cleaner).

Marked pairs were collected because they look alike, so precision there is harder to come by
than among all pairs of a file; for the FAQ every pair of questions counts.

Result: benchmarks/results/semantic_pairs.json.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "2")

import numpy as np

from undercut.neural.encoder import MINILM, USE, encode, load_encoder
from undercut.neural.tokens import tokenise
from undercut.runs.cleaning.semantic import MOST_TOKENS

RESULTS = Path(__file__).parent / "results" / "semantic_pairs.json"
GRID = np.round(np.arange(0.50, 1.0, 0.01), 2)
DRAWS = 2_000


@dataclass(frozen=True)
class Part:
    """cosine, same: (pairs,). block: (pairs,) ids drawn together for intervals."""

    cosine: np.ndarray
    same: np.ndarray
    block: np.ndarray


def vectors(encoder_name: str, texts: Sequence[str]) -> np.ndarray:
    encoder = load_encoder(encoder_name).eval()
    tokens = tokenise(encoder.tokenizer, texts, max_tokens=MOST_TOKENS, pad_id=encoder.pad_id)
    found = encode(encoder, tokens).cpu().numpy().astype(np.float64)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def marked(rows: list[tuple[str, str, int]], encoder: str, block: Sequence[str]) -> Part:
    first, second = (vectors(encoder, [row[i] for row in rows]) for i in (0, 1))
    ids = {name: i for i, name in enumerate(dict.fromkeys(block))}
    return Part(
        (first * second).sum(axis=1),
        np.array([row[2] for row in rows]) == 1,
        np.array([ids[name] for name in block]),
    )


def every_pair(groups: dict[str, list[str]], encoder: str) -> Part:
    """All pairs of different questions; the block of a pair is its first question's entry."""
    texts, entry = list[str](), list[int]()
    for number, members in enumerate(groups.values()):
        for text in dict.fromkeys(members):
            texts.append(text)
            entry.append(number)
    found, of = vectors(encoder, texts), np.array(entry)
    i, j = np.triu_indices(len(texts), 1)
    return Part((found @ found.T)[i, j], of[i] == of[j], of[i])


def figures(part: Part, threshold: float) -> dict[str, Any]:
    joined = part.cosine >= threshold
    low, high = interval(part, threshold)
    return {
        "threshold": float(threshold),
        "precision": _round(_share((joined & part.same).sum(), joined.sum())),
        "precision_95": [_round(low), _round(high)],
        "recall": _round(_share((joined & part.same).sum(), part.same.sum())),
        "joined": int(joined.sum()),
    }


def interval(part: Part, threshold: float) -> tuple[float | None, float | None]:
    """Of the precision, over resampled blocks, since pairs of one question hang together."""
    joined = part.cosine >= threshold
    blocks = int(part.block.max()) + 1
    right = np.bincount(part.block[joined & part.same], minlength=blocks)
    all_ = np.bincount(part.block[joined], minlength=blocks)
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, blocks, (DRAWS, blocks))
    totals = all_[drawn].sum(axis=1)
    if not (totals > 0).any():
        return None, None
    values = right[drawn].sum(axis=1)[totals > 0] / totals[totals > 0]
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def chosen(part: Part, precision: float) -> float | None:
    """The least threshold from which on the precision stays as high as asked."""
    held = None
    for threshold in GRID[::-1]:
        joined = part.cosine >= threshold
        if joined.any() and (joined & part.same).sum() / joined.sum() < precision:
            break
        if joined.sum() >= 20:
            held = float(threshold)
    return held


def sets(folder: Path) -> dict[str, tuple[str, Part, Part]]:
    entries: dict[str, list[str]] = {}
    for row in _csv(folder / "faq_stack_paraphrases" / "paraphrases.csv"):
        members = entries.setdefault(row["faq_question"], [row["faq_question"]])
        members.append(row["paraphrase"])
    halves = [dict(list(entries.items())[half::2]) for half in (0, 1)]
    covid = [
        (row["question_1"], row["question_2"], int(row["similar"]))
        for row in _csv(folder / "faq_covid" / "question_pairs.csv")
    ]
    questions = list(dict.fromkeys(row[0] for row in covid))
    part_of = {question: i % 2 for i, question in enumerate(questions)}
    covid_halves = [[row for row in covid if part_of[row[0]] == half] for half in (0, 1)]
    finance = {
        name: [
            (row["question_1"], row["question_2"], int(row["label"]))
            for row in _csv(folder / "zh_finance_question_pairs" / f"{name}.csv")
        ]
        for name in ("dev", "test")
    }
    return {
        "faq_stack_paraphrases": (
            MINILM,
            *(every_pair(half, MINILM) for half in halves),
        ),
        "faq_covid": (
            MINILM,
            *(marked(half, MINILM, [row[0] for row in half]) for half in covid_halves),
        ),
        "zh_finance_question_pairs": (
            USE,
            *(marked(rows, USE, [str(i) for i in range(len(rows))]) for rows in finance.values()),
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--precision", type=float, default=0.9)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    result: dict[str, Any] = {
        "command": f"python benchmarks/semantic_pairs.py SHARED_DATA --precision {given.precision}"
    }
    for name, (encoder, choosing, reported) in sets(given.folder).items():
        threshold = chosen(choosing, given.precision)
        shown = sorted({0.7, 0.8, 0.85, 0.9, 0.95, *([threshold] if threshold else [])})
        result[name] = {
            "encoder": encoder,
            "same_fraction": _round(float(reported.same.mean())),
            "pairs": len(reported.same),
            "chosen_on_the_other_part": threshold,
            "other_part": [figures(choosing, each) for each in shown],
            "reported": [figures(reported, each) for each in shown],
        }
    text = json.dumps(result, indent=1)
    print(text)
    given.out.write_text(text + "\n", encoding="utf-8")


def _share(part: Any, whole: Any) -> float | None:
    return float(part / whole) if whole else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
