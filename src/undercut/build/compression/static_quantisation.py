"""Eight-bit integers for the matrix products of an ONNX model, with scales fixed beforehand.

Weights get one scale per output channel, activations one scale per tensor, found by running a
sample of training texts. Static scales keep the answer of a text independent of the texts in its
batch, and spare the pass over activations that dynamic scales need. Source: Jacob et al. 2018.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from undercut.core.errors import ArtefactError
from undercut.models.onnx import OnnxModel, pad
from undercut.neural.export import keep_tensors_apart, write_description

CALIBRATION_TEXTS: Final = 256
CALIBRATION_ROWS: Final = 16


def quantise(
    model: OnnxModel, source: Path, folder: Path, texts: Sequence[str], *, seed: int
) -> OnnxModel:
    """Write an int8 copy of the model folder `source` (opened as `model`) to `folder`.

    texts: training texts to calibrate on; a seeded sample of them is used.
    Raises ArtefactError where the graph cannot be quantised.
    """
    import onnx
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    random = np.random.default_rng(seed)
    chosen = random.permutation(len(texts))[:CALIBRATION_TEXTS]
    sample = [texts[i] for i in chosen]
    with _quiet_root_logger(), tempfile.TemporaryDirectory(dir=folder) as scratch:
        prepared = Path(scratch) / "prepared.onnx"
        # In one file again: the preparation does not find tensors that are kept apart.
        whole = Path(scratch) / "whole.onnx"
        onnx.save_model(onnx.load(source / "model.onnx"), whole)
        quant_pre_process(whole, prepared, skip_symbolic_shape=True)
        try:
            quantization.quantize_static(
                prepared,
                folder / "model.onnx",
                _Batches(model, sample),
                quant_format=quantization.QuantFormat.QDQ,
                op_types_to_quantize=["MatMul", "Gemm"],
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                calibrate_method=quantization.CalibrationMethod.MinMax,
                # Products come out as float32: everything between them is float anyway, and
                # quantising it again costs both accuracy and time.
                extra_options={"OpTypesToExcludeOutputQuantization": ["MatMul", "Gemm"]},
            )
        except (ValueError, RuntimeError) as error:
            raise ArtefactError(f"{source}: cannot be quantised to int8: {error}") from error
    keep_tensors_apart(folder / "model.onnx")
    (folder / "tokenizer.json").write_bytes((source / "tokenizer.json").read_bytes())
    write_description(folder, model.classes, model.settings)
    return OnnxModel.load(folder)


class _Batches:
    """Feeds the calibration; the shape that onnxruntime asks for."""

    def __init__(self, model: OnnxModel, texts: Sequence[str]) -> None:
        self._batches = self._padded(model, texts)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._batches, None)

    @staticmethod
    def _padded(model: OnnxModel, texts: Sequence[str]) -> Iterator[dict[str, Any]]:
        ids = sorted(model.tokenise(texts), key=len)
        for start in range(0, len(ids), CALIBRATION_ROWS):
            tokens, mask = pad(ids[start : start + CALIBRATION_ROWS], model.settings.pad_id)
            yield {"input_ids": tokens, "attention_mask": mask}


class _quiet_root_logger:  # noqa: N801 - used as a context manager, like a function
    """onnxruntime's quantiser warns on the root logger about steps that are taken care of here."""

    def __enter__(self) -> None:
        self._level = logging.getLogger().level
        logging.getLogger().setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        logging.getLogger().setLevel(self._level)
