"""Write a fine-tuned sentence encoder as a folder that onnxruntime serves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from tokenizers import Tokenizer
from torch import Tensor

from undercut.build.training.encoders.use import TABLE_ROWS, UseClassifier
from undercut.build.training.encoders.use_graph import classifier_graph
from undercut.build.training.encoders.use_tokenizer import UNKNOWN_ID
from undercut.core.errors import ArtefactError

MODEL_FILE, TOKENIZER_FILE = "model.onnx", "tokenizer.json"
LOGIT_TOLERANCE = 1e-3
"""Largest difference between PyTorch's logits and the exported model's, of the largest logit."""
_PROBES = ((1, 1), (3, 7), (5, 40))
"""Shapes (batch, tokens) that the export is checked on."""


def export_use(
    classifier: UseClassifier,
    tokenizer: Tokenizer,
    folder: Path,
    *,
    keep_ids: Sequence[int] | None = None,
) -> None:
    """Write `model.onnx` and `tokenizer.json` into the existing `folder`, and check them.

    The model maps input_ids and attention_mask, (batch, tokens) int64, to logits
    (batch, classes) float32; both axes are free. keep_ids: token ids whose embeddings stay
    (512 bytes each); a text with other tokens reads them as unknown. None keeps all, 65 MB.
    Raises ArtefactError where the written model does not answer as `classifier` does,
    ConfigError where a kept id is none.
    """
    model = classifier_graph(classifier, keep_ids=keep_ids)
    (folder / MODEL_FILE).write_bytes(model.SerializeToString())
    tokenizer.save(str(folder / TOKENIZER_FILE), pretty=False)
    _check(classifier, folder / MODEL_FILE, keep_ids)


def _check(classifier: UseClassifier, file: Path, keep_ids: Sequence[int] | None) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    training = classifier.training
    classifier.eval()
    try:
        for seed, shape in enumerate(_PROBES):
            ids, mask = _probe(shape, keep_ids, seed=seed)
            _compare(_torch_logits(classifier, ids, mask), session, ids, mask)
    finally:
        classifier.train(training)


def _probe(
    shape: tuple[int, int], keep_ids: Sequence[int] | None, *, seed: int
) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(seed)
    vocabulary = np.arange(TABLE_ROWS) if keep_ids is None else np.asarray([UNKNOWN_ID, *keep_ids])
    lengths = rng.integers(1, shape[1] + 1, size=shape[0])
    lengths[0] = shape[1]
    mask = (np.arange(shape[1]) < lengths[:, None]).astype(np.int64)
    return torch.from_numpy(rng.choice(vocabulary, size=shape)), torch.from_numpy(mask)


def _torch_logits(classifier: UseClassifier, ids: Tensor, mask: Tensor) -> np.ndarray:
    device = classifier.head.weight.device
    with torch.inference_mode():
        logits: np.ndarray = classifier(ids.to(device), mask.to(device)).float().cpu().numpy()
    return logits


def _compare(expected: np.ndarray, session: Any, ids: Tensor, mask: Tensor) -> None:
    (got,) = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
    difference = float(np.abs(got - expected).max())
    allowed = LOGIT_TOLERANCE * max(1.0, float(np.abs(expected).max()))
    if not difference <= allowed:
        raise ArtefactError(
            f"the exported model's logits differ from PyTorch's by {difference:.2g} for a batch "
            f"of shape {tuple(ids.shape)}, expected at most {allowed:.2g}",
            hint="report this with the versions of onnxruntime and torch",
        )
