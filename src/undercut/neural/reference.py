"""BERT-base in float32 PyTorch, run well: the reference that costs are compared with.

Run well means sorted by length and padded to the longest of each batch of 32.

Only its speed is used, and speed does not depend on the weights: they are random, so nothing is
downloaded. Tokenising uses the English vocabulary that BERT-base shares with the shipped encoder.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer

from undercut.core.dataset import IntArray
from undercut.core.errors import MissingExtraError
from undercut.neural.encoder import minilm_folder
from undercut.neural.tokens import sorted_batches, tokenise

NAME = "BERT-base float32 in PyTorch"
MAX_TOKENS = 512


class BertBase:
    """12 layers, 768 wide, 110 million parameters, with a classification head."""

    def __init__(self, classes: int, *, threads: int, seed: int = 0) -> None:
        try:
            from transformers import BertConfig, BertForSequenceClassification
        except ImportError as error:
            raise MissingExtraError("transformers", "build", "Timing BERT-base") from error
        torch.manual_seed(seed)
        self.threads = threads
        config = BertConfig(num_labels=classes, attn_implementation="sdpa")
        self.model = BertForSequenceClassification(config).eval()
        self.tokenizer = Tokenizer.from_file(f"{minilm_folder()}/tokenizer.json")

    def predict(
        self, texts: Sequence[str], *, batch_rows: int = 32, pad_to: int | None = None
    ) -> IntArray:
        """Class ids of texts. pad_to: pad every text to this length, as textbooks do."""
        torch.set_num_threads(self.threads)
        limit = pad_to or MAX_TOKENS
        tokens = tokenise(self.tokenizer, texts, max_tokens=limit, pad_id=0)
        labels = np.empty(len(texts), dtype=np.int64)
        batches = (
            sorted_batches(tokens.lengths, batch_rows)
            if pad_to is None
            else _in_order(len(texts), batch_rows)
        )
        with torch.inference_mode():
            for rows in batches:
                ids, mask = tokens.batch(rows)
                if pad_to is not None:
                    missing = ((0, 0), (0, pad_to - ids.shape[1]))
                    ids, mask = np.pad(ids, missing), np.pad(mask, missing)
                output = self.model(
                    input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)
                )
                labels[rows] = output.logits.argmax(dim=1).numpy()
        return labels


def _in_order(rows: int, batch_rows: int) -> list[IntArray]:
    order = np.arange(rows, dtype=np.int64)
    return [order[start : start + batch_rows] for start in range(0, rows, batch_rows)]
