"""Encoder + dropout + linear head."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from undercut.neural.encoder import Encoder


class Classifier(nn.Module):
    """Token ids → class logits."""

    def __init__(self, encoder: Encoder, classes: int, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.width, classes)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(batch, tokens) int64 twice → (batch, classes)."""
        return self.classify(self.encoder(input_ids, attention_mask))

    def classify(self, vectors: Tensor) -> Tensor:
        """(batch, width) text vectors → (batch, classes)."""
        logits: Tensor = self.head(self.dropout(vectors))
        return logits

    def trained_state(self) -> dict[str, Tensor]:
        """A copy of every parameter that training changes."""
        changing = {name for name, value in self.named_parameters() if value.requires_grad}
        return {
            name: value.detach().clone()
            for name, value in self.state_dict().items()
            if name in changing
        }

    def restore(self, state: dict[str, Tensor]) -> None:
        """Put back what `trained_state` copied."""
        with torch.no_grad():
            self.load_state_dict(state, strict=False)
