"""LitServe with its dynamic batching around an ONNX model of a plan.

    python litserve_onnx.py PORT MODEL_FOLDER WORKERS

Runs in an environment of its own (`pip install litserve onnxruntime tokenizers`): it needs nothing
of undercut. Tokenised like the plan's model, padded to the longest of the batch.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import litserve as ls
import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

BATCH = 64
WAIT_SECONDS = 0.002


class Classifier(ls.LitAPI):
    def __init__(self, folder: Path) -> None:
        super().__init__(max_batch_size=BATCH, batch_timeout=WAIT_SECONDS)
        self._folder = folder

    def setup(self, device: str) -> None:
        description = json.loads((self._folder / "model.json").read_text(encoding="utf-8"))
        settings = description["settings"]
        self.classes = description["classes"]
        self.tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(settings["max_tokens"])
        self.tokenizer.enable_padding(pad_id=settings.get("pad_id", 0))
        self.session = ort.InferenceSession(
            str(self._folder / "model.onnx"), providers=["CPUExecutionProvider"]
        )

    def decode_request(self, request: dict[str, list[str]]) -> str:
        return request["inputs"][0]

    def predict(self, texts: list[str]) -> list[tuple[str, float]]:
        encoded = self.tokenizer.encode_batch_fast(list(texts))
        feed = {
            "input_ids": np.array([one.ids for one in encoded], dtype=np.int64),
            "attention_mask": np.array([one.attention_mask for one in encoded], dtype=np.int64),
        }
        (logits,) = self.session.run(["logits"], feed)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        best = shares.argmax(axis=1)
        return [
            (self.classes[label], float(share[label]))
            for label, share in zip(best, shares, strict=True)
        ]

    def encode_response(self, output: tuple[str, float]) -> dict[str, object]:
        return {"label": output[0], "confidence": output[1]}


if __name__ == "__main__":
    ls.LitServer(
        Classifier(Path(sys.argv[2])), accelerator="cpu", workers_per_device=int(sys.argv[3])
    ).run(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", generate_client_file=False)
