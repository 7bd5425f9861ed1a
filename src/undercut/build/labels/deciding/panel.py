"""A student of the labels so far, which speaks for the machines: free, and calibrated by people.

Ridge regression from text vectors to the labels as they are believed now. What it says of an item
leaves out that item's own label, exactly, so an answer never vouches for itself. The machines'
answers are added to its scores; from then on machines and student are one voice, whose confidence
is calibrated on items that people answered too. This is distillation used while labels are bought:
people's answers on some texts lower the price of all others.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from undercut.build.labels.deciding.answers import MACHINES, Heard
from undercut.build.labels.deciding.beliefs import Learnt
from undercut.build.labels.merging.tally import voice_parts
from undercut.build.labels.votes import Floats, IntArray, Votes
from undercut.build.labels.workers import Skill, WorkerFacts, WorkerKind
from undercut.core.money import Money

NAME = "student"
FAMILY = "machines of the student"
LEAST_PEOPLE = 60  # items that people answered, before a student can be calibrated
RIDGES = (0.3, 1.0, 3.0)
MACHINE_SHARES = (0.0, 0.1, 0.2, 0.4, 0.8)
# An item that only machines answered teaches less than one that people answered.
MACHINE_WEIGHT = 0.3


def with_student(heard: Heard, learnt: Learnt, vectors: Floats) -> Heard:
    """The answers with the student's among them, and the machines silent where it speaks.

    vectors: (items, width), one a text, rows of length 1. Unchanged where people answered fewer
    than `LEAST_PEOPLE` items.
    """
    machine = np.array([facts.kind in MACHINES for facts in heard.sources])
    of_people = ~machine[heard.vote_source]
    by_people = np.zeros(len(heard.votes.items), dtype=bool)
    by_people[heard.votes.item[of_people]] = True
    if by_people.sum() < LEAST_PEOPLE:
        return heard
    scores = _scores(heard, learnt, vectors, by_people, ~of_people)
    labels, margin = _best(scores)
    return _joined(heard, labels, margin, of_people, machine)


def leave_one_out(vectors: Floats, targets: Floats, weight: Floats, ridge: float) -> Floats:
    """(items, classes): each item's ridge prediction from all other items.

    vectors: (items, width). targets: (items, classes). weight: (items,) >= 0. The shortcut by the
    hat matrix's diagonal is exact (Allen's PRESS, 1974).
    """
    padded = np.column_stack([vectors, np.full(len(vectors), 0.3)])
    weighted = padded * weight[:, None]
    gram = padded.T @ weighted + ridge * np.eye(padded.shape[1])
    inverse = np.linalg.inv(gram)
    fitted = padded @ (inverse @ (weighted.T @ targets))
    lever = np.minimum(weight * ((padded @ inverse) * padded).sum(axis=1), 0.99)
    return np.asarray((fitted - lever[:, None] * targets) / (1 - lever)[:, None])


def _scores(
    heard: Heard, learnt: Learnt, vectors: Floats, by_people: np.ndarray, by_machine: np.ndarray
) -> Floats:
    items, classes = len(heard.votes.items), len(heard.votes.classes)
    labels = learnt.standing.labels
    known = labels >= 0
    targets = np.zeros((items, classes))
    targets[np.flatnonzero(known), labels[known]] = 1.0
    sure = learnt.standing.named[:, 0] * known
    weight = sure * np.where(by_people, 1.0, MACHINE_WEIGHT)
    machines = np.zeros((items, classes))
    # Copies are one voice here too: they answer only the first texts, and counted twice there they
    # would make the student look surer on the very texts that calibrate it for all others.
    spoken = learnt.accuracy * voice_parts(heard.votes, learnt.families)
    np.add.at(
        machines,
        (heard.votes.item[by_machine], heard.votes.label[by_machine]),
        spoken[by_machine],
    )
    judged = np.flatnonzero(by_people & known)
    best: tuple[float, Floats] | None = None
    for ridge in RIDGES:
        plain = leave_one_out(vectors, targets, weight, ridge)
        for share in MACHINE_SHARES if by_machine.any() else (0.0,):
            mixed = plain[judged] + share * machines[judged]
            right = float((sure[judged] * (mixed.argmax(axis=1) == labels[judged])).sum())
            if best is None or right > best[0]:
                best = (right, plain + share * machines)
    assert best is not None
    return best[1]


def _best(scores: Floats) -> tuple[IntArray, Floats]:
    """Best class of each row and its lead over the second, brought into [0, 1]."""
    order = np.argpartition(-scores, 1, axis=1)[:, :2] if scores.shape[1] > 2 else None
    pair = scores if order is None else np.take_along_axis(scores, order, axis=1)
    labels = np.asarray(scores.argmax(axis=1), dtype=np.int64)
    return labels, np.clip(np.abs(pair[:, 0] - pair[:, 1]), 0.0, 1.0)


def _joined(
    heard: Heard, labels: IntArray, margin: Floats, of_people: np.ndarray, machine: np.ndarray
) -> Heard:
    """People's votes and the student's; machines keep a place, without votes."""
    currency = heard.sources[0].price.currency
    facts = WorkerFacts(
        NAME,
        WorkerKind.ZERO_SHOT,
        Money.zero(currency),
        Skill(float(np.mean([f.skill.accuracy for f in heard.sources])), 2.0),
        FAMILY,
        votes_per_item=0,
    )
    sources = tuple(
        replace(each, family=FAMILY) if is_machine else each
        for each, is_machine in zip(heard.sources, machine, strict=True)
    )
    items = np.arange(len(labels))
    votes = heard.votes
    return Heard(
        Votes(
            votes.items,
            (*votes.workers, NAME),
            votes.classes,
            np.concatenate([votes.item[of_people], items]),
            np.concatenate([votes.worker[of_people], np.full(len(items), len(votes.workers))]),
            np.concatenate([votes.label[of_people], labels]),
        ),
        np.concatenate([heard.probability[of_people], margin]),
        np.append(heard.source, len(heard.sources)),
        (*sources, facts),
        heard.gold,
    )
