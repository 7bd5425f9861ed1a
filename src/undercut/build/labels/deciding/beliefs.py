"""What is believed of workers: Beta counts that start from their facts and learn by being judged.

Judges are gold and the other families' answers on the same item; an item with one voice and no
gold judges nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.deciding.answers import MACHINES, UNKNOWN, Heard
from undercut.build.labels.deciding.calibration import Curve, calibrate, flat
from undercut.build.labels.deciding.collision import collision_of, first_collision
from undercut.build.labels.deciding.standing import Standing, stand
from undercut.build.labels.merging.tally import voice_parts
from undercut.build.labels.votes import Floats, IntArray

ROUNDS = 30
REST = 1e-4
# What a source's accuracy says of one of its people, in answers.
VOICE_WEIGHT = 10.0


@dataclass(frozen=True, slots=True)
class Skilled:
    """One source's skill: Beta counts of right and wrong answers, the prior's among them."""

    right: float
    wrong: float

    @property
    def accuracy(self) -> float:
        """Expected share of right answers."""
        return self.right / (self.right + self.wrong)


@dataclass(frozen=True, slots=True)
class Learnt:
    """Beliefs about sources, voices and items, at rest with each other.

    skills, curves: by source; a curve is None where a source gives no probabilities. voice:
    (voices,) expected accuracy. accuracy: (votes,) of each answer as it was given. collision:
    chance that two wrong answers agree. families: (voices,) see `Heard.families`.
    """

    skills: tuple[Skilled, ...]
    curves: tuple[Curve | None, ...]
    voice: Floats
    accuracy: Floats
    collision: float
    families: IntArray
    standing: Standing


def learn(heard: Heard, judge: int | None = None) -> Learnt:
    """Expectation maximisation over items and workers with Beta priors from the workers' facts.

    judge: id of the source whose answers are the truth (`judge.as_truth` makes them gold): it is
    not judged by itself, so its accuracy stays what its facts and gold of the user say.
    Source of the scheme: Dawid and Skene (1979), one coin a voice, with a level above the voices.
    """
    accuracy = _first_accuracy(heard)
    collision = first_collision(len(heard.votes.classes))
    families = heard.families()
    weight = voice_parts(heard.votes, families)
    judged = _judged(heard, families)
    if judge is not None:
        judged = np.where(heard.vote_source == judge, 0.0, judged)
    for _ in range(ROUNDS):
        standing = stand(heard, accuracy, collision, weight)
        skills = _skills(heard, standing.right, judged)
        voice = _voices(heard, standing.right, judged, skills)
        curves = _curves(heard, standing.right, judged, skills, collision)
        moved = _accuracy(heard, voice, curves)
        change = float(np.abs(moved - accuracy).max(initial=0.0))
        accuracy = moved
        collision = collision_of(heard, standing.right, families, weight)
        if change < REST:
            break
    standing = stand(heard, accuracy, collision, weight)
    return Learnt(skills, curves, voice, accuracy, collision, families, standing)


def _first_accuracy(heard: Heard) -> Floats:
    believed = np.array([source.skill.accuracy for source in heard.sources])
    return np.asarray(believed[heard.vote_source], dtype=np.float64)


def _judged(heard: Heard, families: IntArray) -> Floats:
    """(votes,): 1 where gold or another family speaks on the item too, else 0."""
    of_vote = families[heard.votes.worker]
    pairs = np.unique(np.stack([heard.votes.item, of_vote]), axis=1)[0]
    voices = np.bincount(pairs, minlength=len(heard.votes.items))
    known = heard.gold[heard.votes.item] != UNKNOWN
    return np.asarray(((voices[heard.votes.item] > 1) | known).astype(np.float64))


def _skills(heard: Heard, right: Floats, judged: Floats) -> tuple[Skilled, ...]:
    size, source = len(heard.sources), heard.vote_source
    good = np.bincount(source, right * judged, minlength=size)
    count = np.bincount(source, judged, minlength=size)
    return tuple(
        Skilled(
            facts.skill.accuracy * facts.skill.weight + float(good[number]),
            (1 - facts.skill.accuracy) * facts.skill.weight + float(count[number] - good[number]),
        )
        for number, facts in enumerate(heard.sources)
    )


def _voices(heard: Heard, right: Floats, judged: Floats, skills: tuple[Skilled, ...]) -> Floats:
    size = len(heard.votes.workers)
    good = np.bincount(heard.votes.worker, right * judged, minlength=size)
    count = np.bincount(heard.votes.worker, judged, minlength=size)
    usual = np.array([skill.accuracy for skill in skills])[heard.source]
    return np.asarray((good + VOICE_WEIGHT * usual) / (count + VOICE_WEIGHT))


def _curves(
    heard: Heard, right: Floats, judged: Floats, skills: tuple[Skilled, ...], collision: float
) -> tuple[Curve | None, ...]:
    curves: list[Curve | None] = []
    first = _first_of_people(heard)
    for number, skill in enumerate(skills):
        own = (heard.vote_source == number) & ~np.isnan(heard.probability)
        if not own.any():
            curves.append(None)
            continue
        met = own & (first[heard.votes.item] >= 0)
        if heard.sources[number].kind in MACHINES and met.any():
            curves.append(_met_curve(heard, first, met, skills, collision))
            continue
        use = own & (judged > 0)
        curves.append(
            calibrate(
                heard.probability[use], right[use], np.ones(int(use.sum())), usual=skill.accuracy
            )
            if use.any()
            else flat(skill.accuracy)
        )
    return tuple(curves)


def _first_of_people(heard: Heard) -> IntArray:
    """(items,): the first vote of a person on each item, -1 without one.

    Only the first: whether more are asked for depends on whether it agreed with the machines.
    """
    first = np.full(len(heard.votes.items), -1, dtype=np.int64)
    of_people = np.flatnonzero(~heard.by_machines())[::-1]
    first[heard.votes.item[of_people]] = of_people
    return first


def _met_curve(
    heard: Heard,
    first: IntArray,
    met: NDArray[np.bool_],
    skills: tuple[Skilled, ...],
    collision: float,
) -> Curve:
    """From how often a machine agrees with people of known skill to how often it is right.

    A machine that is right with chance p agrees with a person who is right with chance q in
    p q + (1 - p)(1 - q) c of the cases, c being the chance that wrong answers meet; solved for p.
    """
    votes = heard.votes
    other = first[votes.item[met]]
    q = np.array([skill.accuracy for skill in skills])[heard.vote_source[other]]
    by_chance = (1 - q) * collision
    agreed = (votes.label[met] == votes.label[other]).astype(np.float64)
    gold = heard.gold[votes.item[met]]
    known = gold != UNKNOWN
    agreed = np.where(known, votes.label[met] == gold, agreed)
    q, by_chance = np.where(known, 1.0, q), np.where(known, 0.0, by_chance)
    weight = q - by_chance
    usual = float(np.clip((agreed - by_chance).sum() / weight.sum(), 0.02, 0.98))
    return calibrate(heard.probability[met], agreed - by_chance, weight, usual=usual)


def _accuracy(heard: Heard, voice: Floats, curves: tuple[Curve | None, ...]) -> Floats:
    accuracy = voice[heard.votes.worker]
    for number, curve in enumerate(curves):
        if curve is not None:
            own = (heard.vote_source == number) & ~np.isnan(heard.probability)
            accuracy[own] = curve(heard.probability[own])
    return accuracy
