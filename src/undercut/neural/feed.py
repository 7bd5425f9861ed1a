"""Vectors of training rows: what the frozen lower part of an encoder says is computed once."""

from __future__ import annotations

import contextlib

import numpy as np
import torch
from torch import Tensor

from undercut.core.dataset import IntArray
from undercut.neural.encoder import Encoder, device_of
from undercut.neural.tokens import TokenisedTexts, sorted_batches

STATE_ROWS = 64
# Frozen states beyond this many bytes are computed again in each epoch instead of kept.
CACHE_BYTES = 1_500_000_000


class Feed:
    """Vectors of training rows, from kept frozen states where the encoder has them.

    Make it after `freeze_lower`: what is frozen then is what is kept.
    """

    def __init__(self, encoder: Encoder, texts: TokenisedTexts) -> None:
        self.encoder = encoder
        self.texts = texts
        self.device = device_of(encoder)
        self.offsets = np.concatenate([[0], np.cumsum(texts.lengths)])
        self.states = self._frozen_states()

    def vectors(self, rows: IntArray) -> Tensor:
        """(rows, width) in the precision of training, with gradients where the encoder learns."""
        ids, mask = (torch.from_numpy(array).to(self.device) for array in self.texts.batch(rows))
        with autocast(self.device):
            if self.states is None:
                vectors: Tensor = self.encoder(ids, mask)
                return vectors
            states = self.states[self._positions(rows, ids.shape[1])]
            return self.encoder.from_states(states, mask)

    def _positions(self, rows: IntArray, longest: int) -> Tensor:
        """(rows, longest) positions in the kept states; padding points at the text's first token,
        which the mask hides."""
        steps = np.arange(longest)
        inside = steps < self.texts.lengths[rows][:, None]
        return torch.from_numpy(self.offsets[rows][:, None] + np.where(inside, steps, 0))

    def _frozen_states(self) -> Tensor | None:
        """(tokens of all texts, width) bfloat16, or None where nothing can be kept."""
        encoder = self.encoder
        total = int(self.offsets[-1])
        if total * encoder.width * 2 > CACHE_BYTES:
            return None
        encoder.eval()
        kept: Tensor | None = None
        with torch.inference_mode(), autocast(self.device):
            for rows in sorted_batches(self.texts.lengths, STATE_ROWS):
                ids, mask = (torch.from_numpy(a).to(self.device) for a in self.texts.batch(rows))
                states = encoder.frozen_states(ids, mask)
                if states is None:
                    return None
                if kept is None:
                    kept = torch.empty(
                        (total, states.shape[-1]), dtype=torch.bfloat16, device=self.device
                    )
                kept[self._positions(rows, ids.shape[1])[mask.bool().cpu()]] = states[
                    mask.bool()
                ].bfloat16()
        return None if kept is None else kept.clone()


def autocast(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """bfloat16 where the hardware has it; float32 elsewhere."""
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.bfloat16)
    if bfloat16_on_cpu():
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return contextlib.nullcontext()


def bfloat16_on_cpu() -> bool:
    """Whether this CPU multiplies bfloat16 natively."""
    available: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return available and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
