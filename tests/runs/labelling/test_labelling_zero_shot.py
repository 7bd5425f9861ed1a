"""The encoders that ship as workers: better than chance with descriptions alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from undercut.build.labels.workers import Ask
from undercut.runs.labelling.workers_file import load_workers
from undercut.runs.labelling.zero_shot import ZeroShotWorker

TEXTS = {
    "my credit card was stolen on the train": "lost_card",
    "I cannot find my bank card": "lost_card",
    "please give me back the money I paid": "refund",
    "the shop owes me money for the returned shoes": "refund",
}
CLASSES = ("lost_card", "refund")
_SETTINGS = """- name: zero
  kind: zero_shot
  descriptions:
    lost_card: [the customer lost their bank card, a card was stolen, 银行卡丢了]
    refund: [the customer wants the money back, 要求退款]
"""


def _worker(folder: Path, **more: object) -> ZeroShotWorker:
    path = folder / "workers.yaml"
    path.write_text(_SETTINGS, encoding="utf-8")
    (worker,) = load_workers(path, classes=CLASSES, folder=folder, **more)  # type: ignore[arg-type]
    assert isinstance(worker, ZeroShotWorker)
    return worker


@pytest.mark.slow
def test_english_by_descriptions_alone(tmp_path: Path) -> None:
    worker = _worker(tmp_path)
    worker.descriptions = {
        name: tuple(text for text in texts if text.isascii())
        for name, texts in worker.descriptions.items()
    }
    answers = worker.answer([Ask(text, text) for text in TEXTS], classes=CLASSES)
    assert worker.encoder == "all-MiniLM-L6-v2"
    assert [answer.label for answer in answers] == list(TEXTS.values())
    assert all(answer.probability is None for answer in answers)


@pytest.mark.slow
def test_chinese_with_probabilities_once_there_are_examples(tmp_path: Path) -> None:
    worker = _worker(tmp_path, examples=[("卡找不到了", "lost_card"), ("把钱退给我", "refund")])
    answers = worker.answer([Ask("1", "我的银行卡被偷了"), Ask("2", "我要退钱")], classes=CLASSES)
    assert worker.encoder == "use-multilingual"
    assert [answer.label for answer in answers] == ["lost_card", "refund"]
    assert all(answer.probability is not None and answer.probability > 0.5 for answer in answers)
    worker.least_probability = 1.0
    (unsure,) = worker.answer([Ask("1", "我的银行卡被偷了")], classes=CLASSES)
    assert unsure.label is None
    assert "nearest is 'lost_card'" in unsure.note
