"""The sentence encoder's classifier as an ONNX graph, written by hand.

Everything up to the first convolution's products depends on a token's id alone, not on its
neighbours: 1.05 of 1.7 million multiply-adds. So the graph computes them once for every
*distinct* id of the batch and gathers. torch's exporter writes what the module does and
cannot find this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from onnx import TensorProto, helper
from torch import Tensor, nn

from undercut.neural.use.encoder import (
    BRANCH_WIDTH,
    EPSILON,
    ORDERS,
    NgramBranch,
    UseEncoder,
)
from undercut.neural.use.onnx_graph import OnnxGraph

_REACH = max(ORDERS) // 2
"""Tokens that the widest window sees on either side of its own."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Names of the tensors that describe one batch.

    ids: distinct token ids; rows: (batch, tokens) position in `ids`, or their number, which
    means "outside"; shifted: the same, seen from token t at t - _REACH .. t + _REACH;
    inside: (batch, tokens) 0 or 1, float32; tokens: (1,) int64.
    """

    ids: str
    rows: str
    shifted: list[str]
    inside: str
    tokens: str


def classifier_graph(encoder: UseEncoder, head: nn.Linear) -> Any:
    """An `onnx.ModelProto`: input_ids, attention_mask (batch, tokens) int64 -> logits.

    head: reads the sentence vector before it is scaled to unit length.
    """
    graph = OnnxGraph()
    batch = _batch(graph)
    embedded = _embed(graph, encoder, batch.ids)
    features = _token_features(graph, encoder, batch, embedded)
    pooled = _pool(graph, encoder, batch, features)
    vector = _sentence_vector(graph, encoder, pooled)
    logits = graph.linear(vector, head.weight, head.bias)
    declare = helper.make_tensor_value_info
    return graph.model(
        "use_classifier",
        inputs=[
            declare("input_ids", TensorProto.INT64, ["batch", "tokens"]),
            declare("attention_mask", TensorProto.INT64, ["batch", "tokens"]),
        ],
        outputs={logits: declare("logits", TensorProto.FLOAT, ["batch", head.out_features])},
    )


def _batch(graph: OnnxGraph) -> _Batch:
    shape = graph.op("Shape", "input_ids")
    tokens = graph.op("Shape", "input_ids", start=1, end=2)
    flat = graph.op("Reshape", "input_ids", graph.integers(-1))
    ids, _, inverse, _ = graph.split_op("Unique", flat, outputs=4, sorted=1)
    outside = graph.op("Size", ids)
    held = graph.op("Cast", "attention_mask", to=TensorProto.BOOL)
    rows = graph.op("Where", held, graph.op("Reshape", inverse, shape), outside)
    padded = graph.op("Pad", rows, graph.integers(0, _REACH, 0, _REACH), outside)
    return _Batch(
        ids=ids,
        rows=rows,
        shifted=[_from(graph, padded, k, tokens) for k in range(2 * _REACH + 1)],
        inside=graph.op("Cast", "attention_mask", to=TensorProto.FLOAT),
        tokens=tokens,
    )


def _from(graph: OnnxGraph, x: str, start: int, tokens: str) -> str:
    """x[:, start : start + tokens]."""
    first = graph.integers(start)
    return graph.op("Slice", x, first, graph.op("Add", tokens, first), graph.integers(1))


def _embed(graph: OnnxGraph, encoder: UseEncoder, ids: str) -> str:
    """(distinct ids, EMBEDDING_WIDTH): the bytes of each row, scaled."""
    table = encoder.embedding
    chunk = table.chunk.cpu()
    stored = graph.constant(table.table, np.uint8)
    as_float = graph.op("Cast", graph.op("Gather", stored, ids), to=TensorProto.FLOAT)
    scale = graph.constant(table.scale.cpu()[chunk].unsqueeze(-1))
    low = graph.constant(table.low.cpu()[chunk].unsqueeze(-1))
    scaled = graph.op("Mul", as_float, graph.op("Gather", scale, ids))
    return graph.op("Add", scaled, graph.op("Gather", low, ids))


def _token_features(graph: OnnxGraph, encoder: UseEncoder, batch: _Batch, embedded: str) -> str:
    """(batch, tokens, TOKEN_WIDTH), normalised."""
    projected = graph.linear(embedded, encoder.project.weight, encoder.project.bias)
    projected = _normalise(graph, projected, encoder.project_norm)
    # The row that "outside" points at.
    width = len(ORDERS) * BRANCH_WIDTH
    projected = graph.op("Concat", projected, graph.constant(np.zeros((1, width))), axis=0)
    parts = graph.split_op(
        "Split", projected, axis=-1, num_outputs=len(ORDERS), outputs=len(ORDERS)
    )
    # Padding reads the last row here; pooling gives it no weight.
    own = graph.op(
        "Gather", graph.op("Concat", embedded, _last(graph, embedded), axis=0), batch.rows
    )
    grams = [
        _convolve(graph, cast(NgramBranch, branch), part, batch)
        for branch, part in zip(encoder.branches, parts, strict=True)
    ]
    return _normalise(graph, graph.op("Concat", own, *grams, axis=-1), encoder.token_norm)


def _last(graph: OnnxGraph, x: str) -> str:
    return graph.op("Slice", x, graph.integers(-1), graph.integers(np.iinfo(np.int64).max))


def _convolve(graph: OnnxGraph, branch: NgramBranch, part: str, batch: _Batch) -> str:
    """part: (distinct ids + 1, BRANCH_WIDTH) -> (batch, tokens, BRANCH_WIDTH)."""
    order = branch.order
    left = (order - 1) // 2
    # (out, order * in) -> (order * out, in): every id's share at every place of a window.
    by_place = torch.cat(branch.first.weight.chunk(order, dim=1), dim=0)
    shares = graph.split_op(
        "Split", graph.linear(part, by_place), axis=-1, num_outputs=order, outputs=order
    )
    total = graph.constant(branch.first.bias)
    for place, share in enumerate(shares):
        seen = batch.shifted[_REACH - left + place]
        total = graph.op("Add", graph.op("Gather", share, seen), total)
    hidden = graph.op("Add", graph.op("Relu", total), graph.op("Gather", part, batch.rows))
    inside = graph.op("Unsqueeze", batch.inside, graph.integers(-1))
    hidden = graph.op("Mul", hidden, inside)
    padded = graph.op("Pad", hidden, graph.integers(0, left, 0, 0, order - 1 - left, 0))
    windows = [_from(graph, padded, place, batch.tokens) for place in range(order)]
    second = graph.linear(
        graph.op("Concat", *windows, axis=-1), branch.second.weight, branch.second.bias
    )
    return graph.op("Add", graph.op("Relu", second), hidden)


def _normalise(graph: OnnxGraph, x: str, norm: torch.nn.LayerNorm) -> str:
    scale, shift = graph.constant(norm.weight), graph.constant(norm.bias)
    return graph.op("LayerNormalization", x, scale, shift, axis=-1, epsilon=EPSILON)


def _pool(graph: OnnxGraph, encoder: UseEncoder, batch: _Batch, features: str) -> str:
    root = graph.op("Sqrt", graph.op("ReduceSum", batch.inside, graph.integers(1), keepdims=1))
    weight = graph.op("Unsqueeze", graph.op("Div", batch.inside, root), graph.integers(1))
    summed = graph.op("Squeeze", graph.op("MatMul", weight, features), graph.integers(1))
    shift = graph.op("Mul", root, graph.constant(encoder.pool.bias.unsqueeze(0)))
    return graph.op("Add", graph.linear(summed, encoder.pool.weight), shift)


def _sentence_vector(graph: OnnxGraph, encoder: UseEncoder, pooled: str) -> str:
    def both(x: str, wx: Tensor, y: str, wy: Tensor) -> str:
        return graph.op("Add", graph.linear(x, wx), graph.linear(y, wy))

    y0 = graph.op("Relu", graph.linear(pooled, encoder.dense0.weight))
    y1 = graph.op("Relu", both(pooled, encoder.skip1.weight, y0, encoder.dense1.weight))
    y2 = graph.op("Relu", graph.linear(y1, encoder.dense2.weight))
    return graph.op("Tanh", both(y1, encoder.skip3.weight, y2, encoder.dense3.weight))
