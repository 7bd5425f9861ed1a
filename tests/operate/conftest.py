"""Tiny real plans: n-gram stages trained on a few intents of BANKING77, and one with ONNX."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

from undercut.build.training.ngram import NgramConfig, train_ngram
from undercut.core.artefacts import write_manifest
from undercut.models.cascade import CascadeSpec, StageSpec
from undercut.models.plan import PLAN_KIND, PlanDescription
from undercut.models.plan_cost import PlanCost

BANKING77 = Path(__file__).parents[2] / "src" / "undercut" / "assets" / "banking77"
INTENTS = 6

MakePlan = Callable[..., Path]


def _rows(name: str) -> list[tuple[str, str]]:
    with (BANKING77 / name).open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["intent"]) for row in csv.DictReader(file)]
    chosen = sorted({intent for _, intent in rows})[:INTENTS]
    return [row for row in rows if row[1] in chosen]


@pytest.fixture(scope="session")
def engine_texts() -> list[str]:
    """Two hundred and more questions, some of them odd."""
    odd = ["", " ", "x", "\0", "卡丢了，怎么办？", "é" * 50, "lost \ud800 half", "card " * 300]
    return [text for text, _ in _rows("test.csv")] + odd


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[str, ...]]:
    """Three n-gram models that differ in what they were trained on, and their classes."""
    folder = tmp_path_factory.mktemp("trained")
    rows = _rows("train.csv")
    classes = tuple(sorted({intent for _, intent in rows}))
    number = {intent: i for i, intent in enumerate(classes)}
    for name, every in (("small", 7), ("medium", 2), ("large", 1)):
        (folder / name).mkdir()
        part = rows[::every]
        config = NgramConfig(penalties=(1e-4,), max_cells=20_000, gram_orders=(2, 3))
        labels = np.array([number[intent] for _, intent in part])
        train_ngram([text for text, _ in part], labels, classes, config).save(folder / name)
    return folder, classes


def _write_plan(
    folder: Path, stages: Sequence[StageSpec], classes: tuple[str, ...], cost: PlanCost | None
) -> None:
    spec = CascadeSpec(stages=tuple(stages), temperatures={"small": 1.3, "medium": 0.8})
    description = PlanDescription(
        name=folder.name,
        undercut_version="0",
        created="2026-01-01",
        classes=classes,
        cascade=spec,
        models={name: f"models/{name}" for name in spec.models},
        teacher="large",
        cost=cost,
    )
    (folder / "plan.json").write_text(description.model_dump_json(), encoding="utf-8")
    write_manifest(folder, kind=PLAN_KIND)


def _cost(stages: Sequence[StageSpec]) -> PlanCost:
    prices = {stage.name: f"{0.5 * 4**at:.2f}" for at, stage in enumerate(stages)}
    return PlanCost.model_validate(
        {
            "currency": "USD",
            "per_million_answers": prices,
            "host": "test",
            "measured": "2026-01-01",
            "threads": 1,
        }
    )


@pytest.fixture(scope="session")
def make_plan(
    trained: tuple[Path, tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory
) -> MakePlan:
    """make_plan(stages=..., cost=True, name=...): a plan folder of n-gram stages."""
    source, classes = trained

    def make(
        stages: Sequence[StageSpec] | None = None, *, cost: bool = True, name: str = "plan"
    ) -> Path:
        stages = stages or (
            StageSpec(name="first", weights={"small": 1.0}, threshold=0.5),
            StageSpec(name="second", weights={"small": 0.3, "medium": 0.7}, threshold=0.6),
            StageSpec(name="third", weights={"small": 0.2, "large": 0.8}),
        )
        folder = tmp_path_factory.mktemp(name)
        for model in {model for stage in stages for model in stage.weights}:
            (folder / "models" / model).mkdir(parents=True)
            for file in (source / model).iterdir():
                (folder / "models" / model / file.name).write_bytes(file.read_bytes())
        _write_plan(folder, stages, classes, _cost(stages) if cost else None)
        return folder

    return make


@pytest.fixture(scope="session")
def tiny_plan_folder(make_plan: MakePlan) -> Path:
    """Three stages, each of which answers some texts."""
    return make_plan()


@pytest.fixture(scope="session")
def onnx_plan_folder(
    trained: tuple[Path, tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An n-gram stage, then a real ONNX graph with its tokenizer."""
    stages = (
        StageSpec(name="first", weights={"small": 1.0}, threshold=0.5),
        StageSpec(name="graph", weights={"small": 0.4, "graph": 0.6}),
    )
    return _with_graph(tmp_path_factory.mktemp("onnx-plan"), trained, stages)


@pytest.fixture(scope="session")
def encoder_plan_folder(
    trained: tuple[Path, tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The ONNX graph mixed with n-grams answers every text, at once."""
    stages = (StageSpec(name="only", weights={"small": 0.4, "graph": 0.6}),)
    return _with_graph(tmp_path_factory.mktemp("encoder-plan"), trained, stages)


def _with_graph(
    folder: Path, trained: tuple[Path, tuple[str, ...]], stages: Sequence[StageSpec]
) -> Path:
    source, classes = trained
    (folder / "models" / "small").mkdir(parents=True)
    for file in (source / "small").iterdir():
        (folder / "models" / "small" / file.name).write_bytes(file.read_bytes())
    _write_onnx(folder / "models" / "graph", classes)
    _write_plan(folder, stages, classes, None)
    return folder


def _write_onnx(folder: Path, classes: tuple[str, ...]) -> None:
    """Embeddings averaged over the mask, then a linear layer."""
    folder.mkdir(parents=True)
    words = ["[UNK]", "card", "my", "i", "the", "lost", "new", "pin", "age", "bank", "how", "?"]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    random = np.random.default_rng(3)
    vectors = random.normal(size=(len(words), 8)).astype(np.float32)
    head = random.normal(size=(8, len(classes))).astype(np.float32) * 3
    nodes = [
        helper.make_node("Gather", ["vectors", "input_ids"], ["found"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "two"], ["wide"]),
        helper.make_node("Mul", ["found", "wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "one"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "one"], ["tokens"], keepdims=1),
        helper.make_node("Max", ["tokens", "least"], ["divisor"]),
        helper.make_node("Div", ["sum", "divisor"], ["mean"]),
        helper.make_node("MatMul", ["mean", "head"], ["logits"]),
    ]
    constants = {
        "vectors": vectors,
        "head": head,
        "one": np.array([1]),
        "two": np.array([2]),
        "least": np.array([1.0], dtype=np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(classes)])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "model.onnx")
    text = json.dumps({"kind": "onnx", "classes": list(classes), "settings": {"max_tokens": 32}})
    (folder / "model.json").write_text(text, encoding="utf-8")
