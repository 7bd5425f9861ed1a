"""A few lines around `onnx.helper`, so that a graph reads like the arithmetic it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, DTypeLike
from onnx import helper, numpy_helper
from torch import Tensor

OPSET = 18
IR_VERSION = 10  # the newest that the oldest supported onnxruntime reads


class OnnxGraph:
    """An ONNX graph in the making: every method adds to it and returns a tensor's name."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def op(self, kind: str, *inputs: str, **attributes: object) -> str:
        """A node with one output."""
        return self.split_op(kind, *inputs, outputs=1, **attributes)[0]

    def split_op(self, kind: str, *inputs: str, outputs: int, **attributes: object) -> list[str]:
        """A node with several outputs."""
        name = f"{kind}_{len(self._nodes)}"
        names = [f"{name}:{number}" for number in range(outputs)]
        self._nodes.append(helper.make_node(kind, inputs, names, name=name, **attributes))
        return names

    def constant(self, value: ArrayLike | Tensor, dtype: DTypeLike = np.float32) -> str:
        """An initialiser."""
        array = value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)
        name = f"constant_{len(self._constants)}"
        contiguous = np.ascontiguousarray(array, dtype=dtype).reshape(array.shape)
        self._constants.append(numpy_helper.from_array(contiguous, name))
        return name

    def integers(self, *values: int) -> str:
        """A one-dimensional int64 initialiser: axes, starts, shapes."""
        return self.constant(values, np.int64)

    def linear(self, x: str, weight: Tensor, bias: Tensor | None = None) -> str:
        """x: (..., in); weight: (out, in) as torch keeps it; bias: (out,)."""
        product = self.op("MatMul", x, self.constant(weight.T))
        return product if bias is None else self.op("Add", product, self.constant(bias))

    def model(self, name: str, inputs: list[Any], outputs: dict[str, Any]) -> Any:
        """The checked `onnx.ModelProto`; outputs: inner tensor name -> its declared value."""
        nodes = list(self._nodes)
        for inner, value in outputs.items():
            nodes.append(helper.make_node("Identity", [inner], [value.name]))
        graph = helper.make_graph(nodes, name, inputs, list(outputs.values()), self._constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="undercut"
        )
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        return model
