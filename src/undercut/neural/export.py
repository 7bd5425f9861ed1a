"""A trained classifier → a model folder that runs without torch."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Final

import numpy as np
import torch

from undercut.core.errors import ArtefactError
from undercut.models.onnx import DATA_FILE, OnnxModel, OnnxSettings
from undercut.neural.classifier import Classifier
from undercut.neural.transformer import TransformerEncoder

OPSET: Final = 17
LARGE_TENSOR_BYTES: Final = 1 << 20
# Float32 graphs agree with torch to about 1e-5; an export that went wrong is off by far more.
LARGEST_DIFFERENCE: Final = 1e-3


def export(
    classifier: Classifier, folder: Path, classes: tuple[str, ...], settings: OnnxSettings
) -> OnnxModel:
    """Write tokenizer.json, model.onnx and model.json, and check the graph against torch.

    Raises ArtefactError where the graph gives other logits than torch on inputs that it has not
    seen while it was traced.
    """
    classifier.cpu().eval()
    if isinstance(classifier.encoder, TransformerEncoder):
        classifier.encoder.use_attention("eager")
    graph = classifier.encoder.onnx_graph(classifier.head)
    if graph is None:
        _trace(classifier, folder / "model.onnx")
    else:
        (folder / "model.onnx").write_bytes(graph.SerializeToString())
    keep_tensors_apart(folder / "model.onnx")
    classifier.encoder.tokenizer.save(str(folder / "tokenizer.json"))
    write_description(folder, classes, settings)
    model = OnnxModel.load(folder)
    _compare(classifier, model)
    return model


def write_description(folder: Path, classes: tuple[str, ...], settings: OnnxSettings) -> None:
    """Write model.json."""
    description = {"kind": "onnx", "classes": list(classes), "settings": settings.model_dump()}
    text = json.dumps(description, ensure_ascii=False, indent=1)
    (folder / "model.json").write_text(text, encoding="utf-8")


def keep_tensors_apart(path: Path) -> None:
    """Move large tensors of a graph into a file beside it, which onnxruntime maps into memory.

    Loading is several times faster and needs half the memory.
    """
    import onnx

    model = onnx.load(path)
    data = path.with_name(DATA_FILE)
    path.unlink()
    onnx.save_model(
        model,
        path,
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=data.name,
        size_threshold=LARGE_TENSOR_BYTES,
    )
    if data.exists():
        data.chmod(path.stat().st_mode)


def _trace(classifier: Classifier, path: Path) -> None:
    # Two different tensors: the exporter merges inputs that are the same object.
    ids = torch.randint(3, 100, (3, 11))
    mask = torch.ones(3, 11, dtype=torch.int64)
    mask[1, 7:] = 0
    rows, tokens = {0: "rows"}, {0: "rows", 1: "tokens"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            classifier,
            (ids, mask),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={"input_ids": tokens, "attention_mask": tokens, "logits": rows},
            opset_version=OPSET,
            # The tracing exporter writes the plain attention pattern that onnxruntime's fusions
            # know, in a tenth of the time of the other one.
            dynamo=False,
        )


def _compare(classifier: Classifier, model: OnnxModel) -> None:
    random = np.random.default_rng(0)
    ids = [[int(i) for i in random.integers(3, 100, size=size)] for size in (19, 4, 1, 30)]
    tokens = np.zeros((4, 30), dtype=np.int64)
    mask = np.zeros((4, 30), dtype=np.int64)
    for row, sequence in enumerate(ids):
        tokens[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    with torch.no_grad():
        wanted = classifier(torch.from_numpy(tokens), torch.from_numpy(mask)).numpy()
    got = model.run(tokens, mask)
    difference = float(np.abs(wanted - got).max())
    if difference > LARGEST_DIFFERENCE:
        raise ArtefactError(
            f"the exported graph differs from torch by {difference:.3g} in its logits "
            f"(allowed {LARGEST_DIFFERENCE})",
            hint="report this with the name of the encoder",
        )
