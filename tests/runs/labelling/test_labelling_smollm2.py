"""A real language model as worker: live in the slow test, recorded in the fast one.

Record anew after a change of the prompt:
UNDERCUT_RECORD=1 python -m pytest -m slow tests/runs/labelling/test_labelling_smollm2.py
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from chat_server import Said, chat_server
from smollm2_server import CLASSES, EXAMPLES, TEXTS, missing, smollm2_server

from undercut.build.labels.workers import Answer, Ask
from undercut.runs.labelling.endpoint.worker import EndpointWorker
from undercut.runs.labelling.workers_file import load_workers

RECORDING = Path(__file__).with_name("recorded_smollm2.json")


def _answers(folder: Path, url: str, model: str) -> list[Answer]:
    path = folder / "workers.yaml"
    path.write_text(
        f"- name: smollm2\n  kind: endpoint\n  url: {url}\n  model: {model}\n  concurrency: 1\n"
        "  timeout_seconds: 600\n  answer_tokens: 20\n"
        "  prices: {input_per_million: 0.1 usd, output_per_million: 0.4 usd}\n",
        encoding="utf-8",
    )
    (worker,) = load_workers(path, classes=CLASSES, folder=folder, examples=EXAMPLES)
    assert isinstance(worker, EndpointWorker)
    asks = [Ask(str(at), text) for at, text in enumerate(TEXTS)]
    answers = worker.answer(asks, classes=CLASSES)
    assert worker.answer(asks, classes=CLASSES) == answers  # from memory, for the same money
    worker.close()
    for answer in answers:
        assert answer.label in (*CLASSES, None)
        assert answer.cost is not None
        assert 0 < answer.cost.amount <= worker.facts.price.amount
    return answers


def _plain(answers: list[Answer]) -> list[tuple[str | None, str]]:
    return [(answer.label, str(answer.cost)) for answer in answers]


@pytest.mark.slow
def test_a_small_language_model_labels_behind_a_real_server(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if lacking := missing():
        pytest.skip(f"needs {lacking}; see docs/labels_workers.md")
    model = tmp_path_factory.mktemp("smollm2")
    exchanges: list[dict[str, Any]] = []
    lock = threading.Lock()
    with smollm2_server(model) as url:

        def relay(body: dict[str, Any], number: int) -> Said:
            response = httpx.post(f"{url}/chat/completions", json=body, timeout=600)
            said = Said(response.status_code, response.json())
            with lock:
                kept = {k: said.body[k] for k in ("choices", "usage") if k in said.body}
                exchanges.append(
                    {"messages": body["messages"], "status": said.status, "body": kept}
                )
            return said

        with chat_server(relay) as between:
            answers = _answers(tmp_path, between.url, str(model))
    labels = [answer.label for answer in answers[:4]]
    assert sum(label is not None for label in labels) >= 2, answers
    if os.environ.get("UNDERCUT_RECORD"):
        record = {"exchanges": exchanges, "answers": _plain(answers)}
        RECORDING.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", "utf-8")


def test_the_same_from_its_recorded_answers(tmp_path: Path) -> None:
    recorded = json.loads(RECORDING.read_text(encoding="utf-8"))
    known = {json.dumps(one["messages"]): one for one in recorded["exchanges"]}

    def behave(body: dict[str, Any], number: int) -> Said:
        if number % 3 == 1:  # between its answers the server is busy
            return Said(429, {"error": "busy"}, {"retry-after": "0"})
        one = known[json.dumps(body["messages"])]
        return Said(one["status"], one["body"])

    with chat_server(behave) as server:
        answers = _answers(tmp_path, server.url, "smollm2")
    assert [list(one) for one in _plain(answers)] == recorded["answers"]
