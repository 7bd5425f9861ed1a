"""The usual ways to answer, side by side, in one run on the same texts.

    python benchmarks/main_job.py [--out out/demo] [--results benchmarks/results/main_job.json]

Runs (or reuses) the demo's main job, then times, taking turns: BERT-base as textbooks run it
(padded to 64 tokens), BERT-base run well (sorted by length), the fine-tuned encoder in PyTorch, in
ONNX and in int8, scikit-learn's linear model, and the certified plan. Every contender answers the
BANKING77 test texts; BERT-base has random weights here, so it has a speed and no accuracy.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from undercut.build.planning.measure import (
    Answerer,
    MeasureConfig,
    measure_latency,
    measure_throughput,
)
from undercut.core.dataset import Dataset
from undercut.core.price_files import load_prices
from undercut.core.prices import usd_per_million
from undercut.models.folder import load_model
from undercut.models.footprint import measure_footprint, peak_bytes
from undercut.models.plan import load_plan
from undercut.models.threads import available_cores
from undercut.runs.config import RunConfig
from undercut.runs.machine import machine_facts
from undercut.runs.progress import Silence
from undercut.runs.recipe import choose_recipe
from undercut.runs.stages import open_stages
from undercut.runs.steps.candidates import Candidate, make_candidates
from undercut.runs.steps.costs import TEXTS_MET, OnAllCores
from undercut.runs.steps.data import RunData, make_data

HERE = Path(__file__).resolve().parent
BANKING77 = HERE.parent / "src" / "undercut" / "assets" / "banking77"
CONFIG = MeasureConfig(repeats=5, seconds=1.0, latency_texts=200, latency_seconds=5.0)
TEXTBOOK_TOKENS = 64
TEXTS_FOR_MEMORY = 300


class Contenders:
    """Every way to answer; each is built when it is asked for."""

    def __init__(self, out: Path, *, finish: bool = True) -> None:
        """finish: do the main job first where it is not done; else its folder must be there."""
        self.out = out
        self.finish = finish
        self.config = RunConfig(
            train=str(BANKING77 / "train.csv"), test=str(BANKING77 / "test.csv"), out=str(out)
        )
        self.data, self.candidates = self._stored()
        self.cores = available_cores()
        self.met = self.data.train.texts[:TEXTS_MET]
        assert self.data.test is not None
        self.test: Dataset = self.data.test

    def builders(self) -> dict[str, Callable[[], Answerer]]:
        """Name → what makes a function from texts to class ids."""
        encoder = self._main_encoder()
        return {
            "BERT-base float32, PyTorch, padded to 64": lambda: self._bert(TEXTBOOK_TOKENS),
            "BERT-base float32, PyTorch, sorted by length": lambda: self._bert(None),
            f"{encoder}, PyTorch": lambda: self._torch(encoder),
            f"{encoder}, ONNX float32": lambda: self._stored_model(encoder),
            f"{encoder}, ONNX int8": lambda: self._stored_model(f"{encoder}-int8"),
            "TF-IDF + logistic regression, scikit-learn": self._sklearn,
            "n-gram model": lambda: self._stored_model("ngram"),
            "static model": lambda: self._stored_model("static"),
            "certified plan": self._plan,
        }

    def folders(self) -> dict[str, Path]:
        """The folders of contenders that need the base install only."""
        by_name = {c.name: c.folder for c in self.candidates}
        encoder = self._main_encoder()
        return {
            f"{encoder}, ONNX float32": by_name[encoder],
            f"{encoder}, ONNX int8": by_name[f"{encoder}-int8"],
            "n-gram model": by_name["ngram"],
            "static model": by_name["static"],
            "certified plan": self.out / "plan",
        }

    def _main_encoder(self) -> str:
        name = next(c.name for c in self.candidates if c.name.startswith("all-MiniLM"))
        return name.removesuffix("-int8")

    def _stored(self) -> tuple[RunData, tuple[Candidate, ...]]:
        if self.finish:
            from undercut.runs.main_job import run

            run(self.config)
        price = load_prices().host(self.config.host)
        with open_stages(
            self.out, price=price, budget=None, progress=Silence(), created_by="benchmark"
        ) as stages:
            made, data = make_data(stages, self.config)
            return data, make_candidates(stages, made, data, choose_recipe(self.config, data))

    def _candidate(self, name: str) -> Candidate:
        return next(c for c in self.candidates if c.name == name)

    def _bert(self, pad_to: int | None) -> Answerer:
        from undercut.neural.reference import BertBase

        bert = BertBase(len(self.data.classes), threads=self.cores)
        return lambda texts: bert.predict(texts, pad_to=pad_to)

    def _torch(self, name: str) -> Answerer:
        import torch

        from undercut.neural.classifier import Classifier
        from undercut.neural.encoder import load_encoder
        from undercut.neural.fit import predict_proba
        from undercut.neural.tokens import tokenise
        from undercut.runs.steps.candidates import load_trained

        torch.set_num_threads(self.cores)
        candidate = self._candidate(name)
        classifier = Classifier(load_encoder(name), len(self.data.classes))
        load_trained(classifier, candidate)
        encoder, limit = classifier.encoder, candidate.facts["max_tokens"]

        def answer(texts: Sequence[str]) -> np.ndarray:
            tokens = tokenise(encoder.tokenizer, texts, max_tokens=limit, pad_id=encoder.pad_id)
            return np.asarray(predict_proba(classifier, tokens, half=False).argmax(axis=1))

        return answer

    def _stored_model(self, name: str) -> Answerer:
        model = load_model(self._candidate(name).folder)

        def answer(texts: Sequence[str], *, threads: int) -> np.ndarray:
            return np.asarray(model.predict_proba(texts, threads=threads).argmax(axis=1))

        return OnAllCores([model], answer, self.met)

    def _plan(self) -> Answerer:
        plan = load_plan(self.out / "plan")

        def answer(texts: Sequence[str], *, threads: int) -> np.ndarray:
            return plan.answer(texts, threads=threads).labels

        return OnAllCores(plan.cascade.models.values(), answer, self.met)

    def _sklearn(self) -> Answerer:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline, make_union

        model = make_pipeline(
            make_union(
                TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
                TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
            ),
            LogisticRegression(C=20, max_iter=100),
        )
        model.fit(self.data.train.texts, self.data.train.labels)
        return lambda texts: model.predict(texts)


def main() -> None:
    """Measure, print a table, write the results."""
    arguments = _arguments()
    contenders = Contenders(arguments.out, finish=not arguments.footprint)
    if arguments.footprint:
        answer = contenders.builders()[arguments.footprint]()
        answer(contenders.test.texts[:TEXTS_FOR_MEMORY])
        print(peak_bytes())
        return
    builders = contenders.builders()
    answerers = {name: build() for name, build in builders.items()}
    texts = list(contenders.test.texts)
    np.random.default_rng(0).shuffle(texts)
    speeds = measure_throughput(answerers, texts, CONFIG)
    price = load_prices().host(contenders.config.host)
    rows = []
    for name, answer in answerers.items():
        latency = measure_latency(answer, texts, CONFIG)
        rows.append(
            {
                "name": name,
                "texts_per_second": speeds[name].median,
                "spread_fraction": speeds[name].spread_fraction,
                "single_texts_per_second": 1e3 / latency.p50_ms,
                "p50_ms": latency.p50_ms,
                "p99_ms": latency.p99_ms,
                "usd_per_million": str(usd_per_million(speeds[name].median, price).amount),
                "accuracy": None if name.startswith("BERT") else _accuracy(answer, contenders),
                "peak_memory_bytes": _footprint(name, contenders, arguments),
            }
        )
    _print(rows)
    results = {
        "command": "python benchmarks/main_job.py",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": asdict(machine_facts()),
        "texts": len(texts),
        "rows": rows,
    }
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    arguments.results.write_text(json.dumps(results, indent=1, default=str) + "\n")
    print(f"written to {arguments.results}")


def _accuracy(answer: Answerer, contenders: Contenders) -> float:
    labels = np.asarray(answer(contenders.test.texts))
    return float((labels == contenders.test.labels).mean())


def _footprint(name: str, contenders: Contenders, arguments: argparse.Namespace) -> int | None:
    """Peak memory of a fresh process that answers in this way (scikit-learn: fits and answers)."""
    folder = contenders.folders().get(name)
    texts = contenders.test.texts[:TEXTS_FOR_MEMORY]
    if folder is not None:
        return measure_footprint(folder, texts)
    command = [sys.executable, __file__, "--out", str(arguments.out), "--footprint", name]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    last = result.stdout.strip().splitlines()[-1:] or [""]
    return int(last[0]) if last[0].isdigit() else None


def _print(rows: list[dict[str, object]]) -> None:
    header = (
        f"{'':46}{'texts/s':>9}{'±':>5}{'p50 ms':>8}{'p99 ms':>8}{'$/1M':>9}{'acc.':>7}{'MB':>6}"
    )
    print(header)
    for row in rows:
        accuracy = "" if row["accuracy"] is None else f"{row['accuracy']:.4f}"
        memory = row["peak_memory_bytes"]
        print(
            f"{row['name']:46}{row['texts_per_second']:>9.0f}{row['spread_fraction']:>5.0%}"
            f"{row['p50_ms']:>8.2f}{row['p99_ms']:>8.2f}{float(str(row['usd_per_million'])):>9.4f}"
            f"{accuracy:>7}{'' if memory is None else int(str(memory)) // 2**20:>6}"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=Path("out/demo"))
    parser.add_argument("--results", type=Path, default=HERE / "results" / "main_job.json")
    parser.add_argument("--footprint", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
