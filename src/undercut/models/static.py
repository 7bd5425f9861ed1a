"""The static model: token vectors, no attention.

A text's logits are the sum of its tokens' rows and of the rows of neighbouring tokens, divided by
the root of the summed token weights. The linear layer is folded into the rows where there are not
more classes than columns to a vector, so that answering is looking up and adding.
Sources: Joulin et al. 2017, arXiv:1607.01759 (bags of n-grams); Arora et al. 2017, "A simple but
tough-to-beat baseline for sentence embeddings" (weighted means of vectors); Tulkens & van Dongen
2024, model2vec (vectors taken from an encoder).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file

from undercut.core.dataset import FloatArray
from undercut.core.errors import ArtefactError
from undercut.models.onnx import softmax
from undercut.models.static_words import TokenTable, WordTable
from undercut.models.tensor_files import save_tensors
from undercut.models.threads import map_blocks

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Reading stops here, so that one text's work is bounded; longer texts are judged by their start.
MAX_CHARACTERS: Final = 10_000
_BLOCK_TEXTS = 1024
_BLOCK_CHARACTERS = 1 << 17
_WORDS_BYTES = 1 << 25
# What the dictionary holds for a word beside its row: the string, its number, its edges, slack.
_WORD_BYTES = 240
_SMALLEST_WEIGHT = np.float32(1e-6)


class StaticSettings(BaseModel):
    """What model.json holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["static"] = "static"
    version: Literal[1] = 1
    classes: tuple[str, ...] = Field(min_length=1)


class StaticModel:
    """Sums of token rows; remembers the words it meets."""

    kind = "static"

    def __init__(
        self,
        classes: tuple[str, ...],
        *,
        tokenizer: Tokenizer,
        table: TokenTable,
        linear: FloatArray | None,
        bias: FloatArray,
    ) -> None:
        """tokenizer: neither truncates nor pads (`bare`).

        table: rows with as many columns as classes, or as `linear` has rows. linear: (columns,
        classes) float32, None where it is folded into the table. bias: (classes,) float32, the
        logits of an empty text. Rows that are rounded to float16 survive saving exactly.
        """
        self.classes = classes
        self.tokenizer = tokenizer
        self.table = table
        self.linear = linear
        self.bias = bias
        self._words = WordTable(tokenizer, table)

    def predict_proba(self, texts: Sequence[str], *, threads: int = 1) -> FloatArray:
        """Class probabilities, (texts, classes) float32, rows sum to 1."""
        return softmax(self.predict_logits(texts, threads=threads))

    def predict_logits(self, texts: Sequence[str], *, threads: int = 1) -> FloatArray:
        """Scores before the softmax, (texts, classes) float32.

        threads: blocks answered at the same time; the answer does not depend on it.
        """
        out = np.empty((len(texts), len(self.classes)), dtype=np.float32)

        def answer(block: slice) -> None:
            out[block] = self._logits(texts[block])

        map_blocks(answer, _blocks(texts), threads=threads)
        return out

    def _logits(self, texts: Sequence[str]) -> FloatArray:
        sums = self._remembered().sum([text[:MAX_CHARACTERS].split() for text in texts])
        sums[:, :-1] /= np.sqrt(np.maximum(sums[:, -1:], _SMALLEST_WEIGHT))
        scores = sums[:, :-1] if self.linear is None else sums[:, :-1] @ self.linear
        return np.asarray(scores + self.bias, dtype=np.float32)

    def forget(self) -> None:
        """Drop what is remembered of words met so far; answers stay the same."""
        self._words = WordTable(self.tokenizer, self.table)

    def _remembered(self) -> WordTable:
        """The words met so far; a fresh table once they take more than 32 MiB."""
        words = self._words
        if len(words) * (4 * self.table.token_rows.shape[1] + _WORD_BYTES) > _WORDS_BYTES:
            words = self._words = WordTable(self.tokenizer, self.table)
        return words

    def save(self, folder: Path) -> None:
        """Write model.json, tokenizer.json and weights.safetensors into an existing folder."""
        tensors: dict[str, NDArray[Any]] = {
            "tokens": self.table.tokens,
            "token_rows": self.table.token_rows.astype(np.float16),
            "pair_keys": self.table.pairs.keys,
            "pair_rows": self.table.pair_rows.astype(np.float16),
            "bias": self.bias,
        }
        if self.linear is not None:
            tensors["linear"] = self.linear
        save_tensors(tensors, folder / "weights.safetensors")
        self.tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        settings = StaticSettings(classes=self.classes).model_dump()
        text = json.dumps(settings, ensure_ascii=False, indent=1)
        (folder / "model.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> StaticModel:
        """Read a saved model; raises ArtefactError where files are missing or do not fit."""
        try:
            description = (folder / "model.json").read_text(encoding="utf-8")
            settings = StaticSettings.model_validate_json(description)
            tensors = load_file(folder / "weights.safetensors")
            _check_shapes(tensors, len(settings.classes))
            table = TokenTable(
                tensors["tokens"],
                tensors["token_rows"].astype(np.float32),
                tensors["pair_keys"],
                tensors["pair_rows"].astype(np.float32),
            )
        except (OSError, ValueError, KeyError, ValidationError, SafetensorError) as error:
            raise ArtefactError(
                f"{folder}: not a readable static model ({error})",
                hint="train it again, or copy the whole folder with its three files",
            ) from error
        return cls(
            settings.classes,
            tokenizer=_open_tokenizer(folder / "tokenizer.json"),
            table=table,
            linear=tensors.get("linear"),
            bias=tensors["bias"],
        )


def bare(tokenizer: Tokenizer) -> Tokenizer:
    """A copy that neither truncates nor pads."""
    from tokenizers import Tokenizer as Reader

    copy: Tokenizer = Reader.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def _blocks(texts: Sequence[str]) -> Iterator[slice]:
    """Slices of at most 1,024 texts and 131,072 characters: memory stays bounded."""
    start, characters = 0, 0
    for position, text in enumerate(texts):
        length = min(len(text), MAX_CHARACTERS)
        full = characters + length > _BLOCK_CHARACTERS or position - start == _BLOCK_TEXTS
        if full and position > start:
            yield slice(start, position)
            start, characters = position, 0
        characters += length
    if start < len(texts):
        yield slice(start, len(texts))


def _check_shapes(tensors: dict[str, NDArray[Any]], classes: int) -> None:
    columns = len(tensors["linear"]) if "linear" in tensors else classes
    wanted = {
        "tokens": (len(tensors["tokens"]),),
        "token_rows": (len(tensors["tokens"]), columns + 1),
        "pair_keys": (len(tensors["pair_keys"]),),
        "pair_rows": (len(tensors["pair_keys"]), columns),
        "bias": (classes,),
        "linear": (columns, classes),
    }
    for name, tensor in tensors.items():
        if tensor.shape != wanted.get(name):
            raise ValueError(f"{name} has shape {tensor.shape}, expected {wanted.get(name)}")


def _open_tokenizer(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer as Reader

    try:
        tokenizer: Tokenizer = Reader.from_file(str(path))
    except Exception as error:  # tokenizers raises the bare class
        raise ArtefactError(
            f"{path}: not a readable tokenizer ({error})", hint="copy the whole folder again"
        ) from error
    return tokenizer
