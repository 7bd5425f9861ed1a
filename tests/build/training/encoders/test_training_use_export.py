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

from undercut.build.training.encoders import use_export
from undercut.build.training.encoders.onnx_graph import OnnxGraph
from undercut.build.training.encoders.use import UseClassifier, UseEncoder
from undercut.build.training.encoders.use_export import export_use
from undercut.core.errors import ArtefactError, ConfigError

CLASSES = 5


@pytest.fixture(scope="module")
def classifier(encoder: UseEncoder) -> UseClassifier:
    torch.manual_seed(1)
    classifier = UseClassifier(encoder, classes=CLASSES).eval()
    torch.nn.init.normal_(classifier.head.weight)
    return classifier


@pytest.fixture(scope="module")
def folder(
    classifier: UseClassifier, tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export_use(classifier, tokenizer, folder)
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
def test_logits_equal_torch(
    classifier: UseClassifier, folder: Path, shape: tuple[int, int]
) -> None:
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
    assert sorted(file.name for file in folder.iterdir()) == ["model.onnx", "tokenizer.json"]
    assert (folder / "model.onnx").stat().st_size < 82e6
    model = onnx.load(folder / "model.onnx")
    largest = max(model.graph.initializer, key=lambda tensor: tensor.ByteSize())
    assert numpy_helper.to_array(largest).dtype == np.uint8
    Tokenizer.from_file(str(folder / "tokenizer.json"))


def test_kept_ids_answer_the_same_and_others_as_unknown(
    classifier: UseClassifier, tokenizer: Tokenizer, folder: Path, tmp_path: Path
) -> None:
    export_use(classifier, tokenizer, tmp_path, keep_ids=[0, 5, 17, 300])
    assert (tmp_path / "model.onnx").stat().st_size < 16e6
    mask = np.ones((1, 5), dtype=np.int64)
    kept, dropped, unknown = ([[1, 17, word, 5, 2]] for word in (300, 301, 0))
    trimmed = tmp_path / "model.onnx"
    full = folder / "model.onnx"
    expected = _run(full, np.array(kept), mask)
    np.testing.assert_allclose(_run(trimmed, np.array(kept), mask), expected, atol=1e-4)
    expected = _run(full, np.array(unknown), mask)
    np.testing.assert_allclose(_run(trimmed, np.array(dropped), mask), expected, atol=1e-4)


@pytest.mark.parametrize("bad", [-1, 128_010])
def test_an_id_outside_the_table_is_refused(
    classifier: UseClassifier, tokenizer: Tokenizer, tmp_path: Path, bad: int
) -> None:
    with pytest.raises(ConfigError, match=str(bad)):
        export_use(classifier, tokenizer, tmp_path, keep_ids=[5, bad])


def test_an_export_that_answers_differently_is_refused(
    classifier: UseClassifier,
    tokenizer: Tokenizer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = use_export.classifier_graph

    def merged_inputs(classifier: UseClassifier, **options: Any) -> Any:
        """The known trap: the mask replaced by the ids, so that nothing is padding."""
        model = honest(classifier, **options)
        for node in model.graph.node:
            node.input[:] = ["input_ids" if x == "attention_mask" else x for x in node.input]
        return model

    monkeypatch.setattr(use_export, "classifier_graph", merged_inputs)
    with pytest.raises(ArtefactError, match="differ from PyTorch"):
        export_use(classifier, tokenizer, tmp_path, keep_ids=[3, 4])


def test_a_training_classifier_is_left_training(
    encoder: UseEncoder, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    classifier = UseClassifier(encoder, classes=CLASSES, dropout=0.9).train()
    export_use(classifier, tokenizer, tmp_path, keep_ids=[])
    assert classifier.training
    encoder.eval()


def test_graph_constants_keep_scalar_shape_and_type() -> None:
    graph = OnnxGraph()
    graph.constant(np.float64(2.0))
    graph.integers(1, 2)
    scalar, pair = (numpy_helper.to_array(x) for x in graph._constants)
    assert scalar.shape == ()
    assert scalar.dtype == np.float32
    assert pair.tolist() == [1, 2]
    assert pair.dtype == np.int64
