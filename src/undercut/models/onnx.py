"""An encoder with a classification head in ONNX: tokenizer.json + model.onnx, no torch.

The graph takes `input_ids` and `attention_mask` (int64, (batch, tokens)) and gives `logits`
(float32, (batch, classes)).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from undercut.core.dataset import FloatArray, IntArray
from undercut.core.errors import ArtefactError
from undercut.models.threads import map_blocks

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

# Characters beyond this cannot reach the token limit of any encoder here (a token has at least one
# character, and 512 tokens is the longest input); cutting first keeps a 1 MB text cheap.
CHARACTERS_PER_TOKEN: Final = 24
TEXTS_PER_CALL: Final = 4096
# How finely few texts are spread over threads.
BATCHES_PER_THREAD: Final = 4
SMALLEST_BATCH: Final = 8
# Large tensors of model.onnx, where it has any.
DATA_FILE: Final = "model.onnx.data"


class OnnxSettings(BaseModel):
    """What is needed to run the graph as it was trained.

    max_tokens: longer texts are truncated. batch_tokens: padded tokens per run; batch_rows: texts
    per run at most. Both were chosen by measurement on short texts. run_tokens: a run takes as long
    to start as so many tokens take; more padding than that is not run, but cut off into another
    run. None: nothing is cut.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_tokens: int = Field(default=128, ge=4, le=8192)
    pad_id: int = 0
    batch_rows: int = Field(default=32, ge=1)
    batch_tokens: int = Field(default=4096, ge=64)
    run_tokens: int | None = Field(default=None, ge=0)


class OnnxModel:
    """Runs the graph on batches of similar length, one batch per thread."""

    kind = "onnx"

    def __init__(
        self,
        classes: tuple[str, ...],
        settings: OnnxSettings,
        *,
        tokenizer: Tokenizer,
        session: InferenceSession,
        folder: Path,
    ) -> None:
        self.classes = classes
        self.settings = settings
        self._tokenizer = tokenizer
        self._session = session
        self._folder = folder

    @classmethod
    def load(cls, folder: Path) -> OnnxModel:
        """Open a model folder. Raises ArtefactError where a file is missing or unreadable."""
        description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        settings = OnnxSettings.model_validate(description["settings"])
        return cls(
            tuple(description["classes"]),
            settings,
            tokenizer=load_tokenizer(folder / "tokenizer.json", settings.max_tokens),
            session=open_session(folder / "model.onnx"),
            folder=folder,
        )

    def save(self, folder: Path) -> None:
        """Copy the model into an existing folder."""
        for name in ("model.json", "tokenizer.json", "model.onnx", DATA_FILE):
            if (self._folder / name).is_file():
                shutil.copyfile(self._folder / name, folder / name)

    def predict_proba(self, texts: Sequence[str], *, threads: int = 1) -> FloatArray:
        """Class probabilities, (rows, classes) float32; rows keep the order of the texts."""
        return softmax(self.predict_logits(texts, threads=threads))

    def predict_logits(self, texts: Sequence[str], *, threads: int = 1) -> FloatArray:
        """Raw scores, (rows, classes) float32."""
        out = np.empty((len(texts), len(self.classes)), dtype=np.float32)
        for start in range(0, len(texts), TEXTS_PER_CALL):
            stop = min(start + TEXTS_PER_CALL, len(texts))
            self._run(texts[start:stop], out[start:stop], threads)
        return out

    def tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, truncated to `max_tokens`, not padded."""
        limit = self.settings.max_tokens * CHARACTERS_PER_TOKEN
        clipped = [printable(text[:limit]) for text in texts]
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(clipped)]

    def _run(self, texts: Sequence[str], out: FloatArray, threads: int) -> None:
        ids = self.tokenise(texts)

        def run(rows: IntArray) -> None:
            out[rows] = self._logits([ids[row] for row in rows])

        map_blocks(run, self._batches(ids, threads), threads=threads)

    def _batches(self, ids: list[list[int]], threads: int) -> Iterator[IntArray]:
        """Row positions of texts of similar length, longest first.

        Few texts are cut into smaller batches, so that all threads have work to the end.
        """
        lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
        order = np.argsort(-lengths, kind="stable")
        fair = -(-len(ids) // (BATCHES_PER_THREAD * threads)) if threads > 1 else len(ids)
        most = min(self.settings.batch_rows, max(SMALLEST_BATCH, fair))
        start = 0
        while start < len(order):
            longest = max(1, int(lengths[order[start]]))
            rows = max(1, min(most, self.settings.batch_tokens // longest))
            rows = self._worth_padding(lengths[order[start : start + rows]])
            yield order[start : start + rows]
            start += rows

    def _worth_padding(self, lengths: IntArray) -> int:
        """How many of these texts, longest first, run together: padding costs less than a run."""
        if self.settings.run_tokens is None:
            return len(lengths)
        padding = np.cumsum(lengths[0] - lengths)
        return int(np.searchsorted(padding, self.settings.run_tokens, side="right"))

    def _logits(self, ids: list[list[int]]) -> FloatArray:
        return self.run(*pad(ids, self.settings.pad_id))

    def run(self, tokens: IntArray, mask: IntArray) -> FloatArray:
        """Logits of padded token ids, both (batch, tokens) → (batch, classes)."""
        result = self._session.run(["logits"], {"input_ids": tokens, "attention_mask": mask})
        return np.asarray(result[0], dtype=np.float32)


def pad(ids: Sequence[Sequence[int]], pad_id: int) -> tuple[IntArray, IntArray]:
    """Token ids and mask, both (batch, longest) int64."""
    lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
    mask = np.arange(max(1, int(lengths.max(initial=0)))) < lengths[:, None]
    tokens = np.full(mask.shape, pad_id, dtype=np.int64)
    tokens[mask] = np.fromiter((i for row in ids for i in row), dtype=np.int64, count=lengths.sum())
    return tokens, mask.astype(np.int64)


def softmax(logits: FloatArray) -> FloatArray:
    """Row-wise softmax, float32."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), dtype=np.float32)


def printable(text: str) -> str:
    """The text without lone surrogates, which UTF-8 (and so the tokenizer) cannot hold."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def load_tokenizer(path: Path, max_tokens: int) -> Tokenizer:
    """The tokenizer, truncating to `max_tokens` and never padding."""
    from tokenizers import Tokenizer

    if not path.is_file():
        raise ArtefactError(f"{path}: the tokenizer is missing", hint="copy the whole folder again")
    tokenizer: Tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()
    return tokenizer


def open_session(path: Path, *, threads: int = 1) -> Any:
    """An onnxruntime session; one thread inside, as batches are spread over threads outside."""
    import onnxruntime as ort

    if not path.is_file():
        raise ArtefactError(f"{path}: the model is missing", hint="copy the whole folder again")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Several threads run one session: spinning between runs would take the other thread's core.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own unrelated classes
        raise ArtefactError(
            f"{path}: onnxruntime {ort.__version__} cannot read this model: {error}",
            hint="pip install --upgrade onnxruntime",
        ) from error
