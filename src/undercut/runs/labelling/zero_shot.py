"""The encoder as worker: texts compared with what the classes are said to mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from undercut.build.labels.workers import Answer, Ask, WorkerFacts
from undercut.build.labels.zero_shot import Calibration, Floats, calibrate, similarity
from undercut.core.text import looks_english
from undercut.runs.labelling.sentence_vectors import sentence_vectors


@dataclass(slots=True)
class ZeroShotWorker:
    """Answers with the class whose description is nearest.

    descriptions: by class, at least one each. encoder: shipped name, folder or hub name; chosen
    by the texts where None. least_probability: below it the worker abstains. examples: (text,
    label) that the probabilities are calibrated on; without any they are a guess, and left out.
    """

    facts: WorkerFacts
    descriptions: Mapping[str, tuple[str, ...]]
    encoder: str | None = None
    least_probability: float = 0.0
    examples: tuple[tuple[str, str], ...] = ()
    repeatable: bool = True
    _fitted: dict[tuple[str, tuple[str, ...]], Calibration] = field(default_factory=dict)

    def answer(self, asks: Sequence[Ask], *, classes: Sequence[str]) -> list[Answer]:
        """One answer an Ask, with its probability where there were examples to calibrate on."""
        if not asks:
            return []
        texts = [ask.text for ask in asks]
        encoder = self.encoder or self._chosen(texts)
        fit = self._calibration(encoder, tuple(classes))
        shares = fit.probabilities(self._scores(texts, encoder, classes))
        best = shares.argmax(axis=1)
        return [
            self._one(ask, classes[int(winner)], float(row[winner]), fit)
            for ask, winner, row in zip(asks, best, shares, strict=True)
        ]

    def _one(self, ask: Ask, label: str, share: float, fit: Calibration) -> Answer:
        sure = share >= self.least_probability
        return Answer(
            ask.item,
            self.facts.name,
            label if sure else None,
            self.facts.price,
            probability=share if fit.examples else None,
            note="" if sure else f"nearest is {label!r} at {share:.2f}",
        )

    def _chosen(self, texts: Sequence[str]) -> str:
        from undercut.neural.encoder import MINILM, USE

        described = [one for several in self.descriptions.values() for one in several]
        self.encoder = MINILM if looks_english([*texts, *described]) else USE
        return self.encoder

    def _scores(self, texts: Sequence[str], encoder: str, classes: Sequence[str]) -> Floats:
        described = [one for name in classes for one in self.descriptions[name]]
        vectors = sentence_vectors([*described, *texts], encoder=encoder)
        ends = np.cumsum([len(self.descriptions[name]) for name in classes])
        return similarity(vectors[len(described) :], np.split(vectors[: len(described)], ends[:-1]))

    def _calibration(self, encoder: str, classes: tuple[str, ...]) -> Calibration:
        key = (encoder, classes)
        if key not in self._fitted:
            known = [(text, label) for text, label in self.examples if label in classes]
            if known:
                scores = self._scores([text for text, _ in known], encoder, classes)
                ids = np.array([classes.index(label) for _, label in known], dtype=np.int64)
                self._fitted[key] = calibrate(scores, ids)
            else:
                self._fitted[key] = Calibration()
        return self._fitted[key]
