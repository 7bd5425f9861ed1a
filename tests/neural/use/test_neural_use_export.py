from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer

from undercut.core.errors import ArtefactError
from undercut.models.onnx import OnnxSettings
from undercut.neural.classifier import Classifier
from undercut.neural.export import export
from undercut.neural.use.onnx_graph import OnnxGraph
from undercut.neural.use.text_encoder import UseTextEncoder

CLASSES = ("a", "b", "c", "d", "e")


@pytest.fixture(scope="module")
def classifier(package: Path) -> Classifier:
    torch.manual_seed(1)
    classifier = Classifier(UseTextEncoder(), len(CLASSES)).eval()
    torch.nn.init.normal_(classifier.head.weight)
    return classifier


@pytest.fixture(scope="module")
def folder(classifier: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export(classifier, folder, CLASSES, OnnxSettings())
    return folder


def _run(file: Path, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {"input_ids": ids, "attention_mask": mask})
    return np.asarray(logits)


def _batch(seed: int, batch: int, tokens: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 40, size=(batch, tokens))  # few ids, so that they repeat
    mask = (np.arange(tokens) < rng.integers(1, tokens + 1, size=(batch, 1))).astype(np.int64)
    return ids, mask


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 3), (7, 13), (33, 64)])
def test_logits_equal_torch(classifier: Classifier, folder: Path, shape: tuple[int, int]) -> None:
    ids, mask = _batch(3, *shape)
    with torch.inference_mode():
        expected = classifier(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    np.testing.assert_allclose(_run(folder / "model.onnx", ids, mask), expected, atol=1e-4)


def test_padding_changes_nothing(folder: Path) -> None:
    ids, mask = _batch(4, 6, 11)
    wide_ids = np.pad(np.where(mask == 1, ids, 99), ((0, 0), (0, 8)), constant_values=7)
    wide = _run(folder / "model.onnx", wide_ids, np.pad(mask, ((0, 0), (0, 8))))
    np.testing.assert_allclose(wide, _run(folder / "model.onnx", ids, mask), atol=1e-4)


def test_the_folder_holds_tokenizer_and_byte_embeddings(folder: Path) -> None:
    assert sorted(file.name for file in folder.iterdir()) == [
        "model.json",
        "model.onnx",
        "model.onnx.data",
        "tokenizer.json",
    ]
    assert sum(f.stat().st_size for f in folder.iterdir() if "onnx" in f.name) < 82e6
    model = onnx.load(folder / "model.onnx")
    largest = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    assert numpy_helper.to_array(largest).dtype == np.uint8
    Tokenizer.from_file(str(folder / "tokenizer.json"))


def test_an_export_that_answers_differently_is_refused(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = UseTextEncoder.onnx_graph

    def merged_inputs(encoder: UseTextEncoder, head: torch.nn.Linear) -> Any:
        """The known trap: the mask replaced by the ids, so that nothing is padding."""
        model = honest(encoder, head)
        for node in model.graph.node:
            node.input[:] = ["input_ids" if x == "attention_mask" else x for x in node.input]
        return model

    monkeypatch.setattr(UseTextEncoder, "onnx_graph", merged_inputs)
    with pytest.raises(ArtefactError, match="differs from torch"):
        export(classifier, tmp_path, CLASSES, OnnxSettings())


def test_graph_constants_keep_scalar_shape_and_type() -> None:
    graph = OnnxGraph()
    graph.constant(np.float64(2.0))
    graph.integers(1, 2)
    scalar, pair = (numpy_helper.to_array(x) for x in graph._constants)
    assert scalar.shape == ()
    assert scalar.dtype == np.float32
    assert pair.tolist() == [1, 2]
    assert pair.dtype == np.int64
