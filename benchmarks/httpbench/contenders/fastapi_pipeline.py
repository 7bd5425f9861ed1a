"""What many teams write first: FastAPI around a transformers text-classification pipeline.

    python fastapi_pipeline.py PORT CLASSES

all-MiniLM-L6-v2 with a classification head of random weights: only its speed is used, and speed
does not depend on the weights.
"""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from undercut.neural.encoder import minilm_folder


class Question(BaseModel):
    inputs: list[str]


def main() -> None:
    port, classes = int(sys.argv[1]), int(sys.argv[2])
    folder = minilm_folder()
    classify = pipeline(
        "text-classification",
        model=AutoModelForSequenceClassification.from_pretrained(folder, num_labels=classes),
        tokenizer=AutoTokenizer.from_pretrained(folder),
    )
    app = FastAPI()

    @app.get("/health")
    def health() -> str:
        return "ok"

    # `def`, not `async def`: FastAPI runs it in its thread pool, off the event loop.
    @app.post("/predict")
    def predict(question: Question) -> list[dict[str, object]]:
        return list(classify(question.inputs))

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
