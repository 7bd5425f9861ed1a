"""Any Hugging Face encoder as an `Encoder`: pooling, layers frozen, layers cut off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from undercut.core.errors import ConfigError, MissingExtraError
from undercut.neural.encoder import Encoder, EncoderInfo, mean_pool

LONGEST_INPUT = 512
MASKED = -10000.0


class TransformerEncoder(Encoder):
    """A transformer with mean or first-token pooling."""

    def __init__(
        self, model: Any, tokenizer: Tokenizer, info: EncoderInfo, *, pad_id: int, pooling: str
    ) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        self.info = info
        self.pad_id = pad_id
        self.pooling = pooling
        self.width = int(model.config.hidden_size)
        positions = int(getattr(model.config, "max_position_embeddings", LONGEST_INPUT))
        # RoBERTa's family counts positions from pad_id + 1.
        offset = pad_id + 1 if model.config.model_type in _COUNTS_FROM_PAD else 0
        self.max_positions = min(LONGEST_INPUT, positions - offset)
        self.frozen_layers = 0

    @property
    def layers(self) -> nn.ModuleList:
        """The transformer layers, from below."""
        return _find_layers(self.model)

    @property
    def splits(self) -> bool:
        """Whether the model is laid out as BERT is: embeddings, then layers, then nothing."""
        encoder = getattr(self.model, "encoder", None)
        return self.model.config.model_type in _BERT_LIKE and hasattr(encoder, "layer")

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        if self.splits:
            states = self.model.embeddings(input_ids=input_ids)
            states = self._run(self.layers, states, attention_mask)
        else:
            output = self.model(input_ids=input_ids, attention_mask=attention_mask)
            states = output.last_hidden_state
        return self._pool(states, attention_mask)

    def freeze_lower(self, share: float) -> None:
        kept = round(share * len(self.layers))
        self.model.requires_grad_(False)
        for layer in self.layers[kept:]:
            layer.requires_grad_(True)
        self.frozen_layers = kept

    def frozen_states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor | None:
        if not self.splits:
            return None
        states = self.model.embeddings(input_ids=input_ids)
        return self._run(self.layers[: self.frozen_layers], states, attention_mask)

    def from_states(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        states = self._run(self.layers[self.frozen_layers :], states, attention_mask)
        return self._pool(states, attention_mask)

    def use_attention(self, implementation: str) -> None:
        """'sdpa' for training, 'eager' for a graph that ONNX tools understand."""
        self.model.set_attn_implementation(implementation)

    def _run(self, layers: Any, states: Tensor, attention_mask: Tensor) -> Tensor:
        blocked = (1.0 - attention_mask[:, None, None, :].to(states.dtype)) * MASKED
        for layer in layers:
            output = layer(states, blocked)
            states = output[0] if isinstance(output, tuple) else output
        return states

    def _pool(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        return states[:, 0] if self.pooling == "cls" else mean_pool(states, attention_mask)


_BERT_LIKE = frozenset({"bert", "roberta", "xlm-roberta", "electra", "camembert"})
_COUNTS_FROM_PAD = frozenset({"roberta", "xlm-roberta", "camembert", "mpnet"})


def load_transformer(
    name: str, *, info: EncoderInfo, layers: int | None = None
) -> TransformerEncoder:
    """Read a model and its tokenizer from a folder or the hub.

    Raises ConfigError where there is none or its tokenizer is not a fast one.
    """
    try:
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging
    except ImportError as error:
        raise MissingExtraError("transformers", "build", "Fine-tuning an encoder") from error
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = AutoModel.from_pretrained(
            name, attn_implementation="sdpa", dtype=torch.float32, **_without_pooler(name)
        )
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"--encoder {name}: cannot be loaded: {str(error).splitlines()[0]}",
            hint="a folder that holds config.json, weights and tokenizer.json, or a hub name",
        ) from error
    if not getattr(tokenizer, "is_fast", False):
        raise ConfigError(
            f"--encoder {name}: has no tokenizer.json",
            hint="save it once with a fast tokenizer: AutoTokenizer(...).save_pretrained(folder)",
        )
    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    encoder = TransformerEncoder(
        model,
        backend,
        info,
        pad_id=int(tokenizer.pad_token_id or 0),
        pooling=_pooling_of(Path(name)),
    )
    if layers is not None:
        keep_layers(encoder, layers)
    return encoder


def keep_layers(encoder: TransformerEncoder, layers: int) -> None:
    """Drop all but the lowest layers (Sajjad et al. 2023: top layers matter least once tuned)."""
    stack = encoder.layers
    if not 1 <= layers <= len(stack):
        raise ConfigError(f"cannot keep {layers} layers: the encoder has {len(stack)}")
    del stack[layers:]
    encoder.model.config.num_hidden_layers = layers


def _without_pooler(name: str) -> dict[str, bool]:
    """BERT's own pooler is not used here: leave it out where the class allows it."""
    from transformers import AutoConfig

    model_type = AutoConfig.from_pretrained(name).model_type
    return {"add_pooling_layer": False} if model_type in _BERT_LIKE - {"electra"} else {}


def _pooling_of(folder: Path) -> str:
    """'cls' or 'mean', as a sentence-transformers folder says; mean where nothing is said."""
    description = folder / "1_Pooling" / "config.json"
    if not description.is_file():
        return "mean"
    settings = json.loads(description.read_text(encoding="utf-8"))
    return "cls" if settings.get("pooling_mode_cls_token") else "mean"


def _find_layers(model: nn.Module) -> nn.ModuleList:
    """The one list of modules as long as the configuration says there are layers."""
    wanted = model.config.num_hidden_layers  # type: ignore[union-attr]
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == wanted:
            return module
    raise ConfigError(
        f"{type(model).__name__}: its layers could not be found",
        hint="use an encoder of BERT's family (BERT, RoBERTa, DistilBERT, MPNet, ModernBERT, ...)",
    )
