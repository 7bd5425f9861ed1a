"""Answers of a market: who said what of which item, and which source each voice belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.merging.copying import find_copies
from undercut.build.labels.votes import Floats, IntArray, Votes
from undercut.build.labels.workers import Answer, WorkerFacts, WorkerKind
from undercut.core.errors import InputError

UNKNOWN = -1
MACHINES = frozenset({WorkerKind.RULES, WorkerKind.ZERO_SHOT, WorkerKind.ENDPOINT})


@dataclass(frozen=True, slots=True)
class Heard:
    """Answers so far, one row a vote, over all items whether asked about or not.

    votes: its workers are voices: one person of a crowd, one model. probability: (votes,) what
    the voice itself gave its answer, NaN where it gave nothing. source: (voices,) id of the
    source each voice belongs to. sources: facts, by id. gold: (items,) class id, -1 where unknown.
    """

    votes: Votes
    probability: Floats
    source: IntArray
    sources: tuple[WorkerFacts, ...]
    gold: IntArray

    @property
    def vote_source(self) -> IntArray:
        """(votes,): source id of each vote."""
        return np.asarray(self.source[self.votes.worker], dtype=np.int64)

    def asked(self) -> IntArray:
        """(items, sources): answers that each source gave on each item."""
        shape = (len(self.votes.items), len(self.sources))
        cell = self.votes.item * shape[1] + self.vote_source
        counts = np.bincount(cell, minlength=shape[0] * shape[1])
        return np.asarray(counts.reshape(shape), dtype=np.int64)

    def by_machines(self) -> NDArray[np.bool_]:
        """(votes,): whether a machine gave the vote."""
        machine = np.array([facts.kind in MACHINES for facts in self.sources], dtype=bool)
        return np.asarray(machine[self.vote_source])

    def said_by_copy(self) -> NDArray[np.bool_]:
        """(items, sources): whether a source whose every voice this one's voices copy answered.

        What a copy would say is known then: hearing it again tells nothing. A stated family is
        not enough: two prompts of one model differ now and then.
        """
        cluster, asked = find_copies(self.votes).cluster, self.asked() > 0
        known = np.zeros(asked.shape, dtype=bool)
        voices = [cluster[self.source == number] for number in range(len(self.sources))]
        for one, own in enumerate(voices):
            for other, theirs in enumerate(voices):
                if one != other and len(own) and np.isin(own, theirs).all():
                    known[:, one] |= asked[:, other]
        return known

    def families(self) -> IntArray:
        """(voices,): the lowest voice id of each family; voices without one stand alone.

        Of a family are voices whose sources name it, and voices that are found to copy.
        """
        leader = find_copies(self.votes).cluster.copy()
        first: dict[str, int] = {}
        for voice, source in enumerate(self.source):
            name = self.sources[source].family
            if name and first.setdefault(name, voice) != voice:
                leader[leader == leader[voice]] = leader[first[name]]
        return np.asarray(leader, dtype=np.int64)


def heard(
    answers: Sequence[tuple[str, Answer]],
    *,
    items: Sequence[str],
    classes: Sequence[str],
    sources: Sequence[WorkerFacts],
    gold: Mapping[str, str] | None = None,
) -> Heard:
    """Number the answers; abstentions say nothing and are left out.

    answers: (source name, answer). Raises InputError for an item, class or source that is not
    among those given.
    """
    item_of = {name: number for number, name in enumerate(items)}
    class_of = {name: number for number, name in enumerate(classes)}
    source_of = {facts.name: number for number, facts in enumerate(sources)}
    voices: dict[tuple[str, str], int] = {}
    rows: list[tuple[int, int, int, float]] = []
    for source, answer in answers:
        if answer.label is None:
            continue
        if source not in source_of:
            raise InputError(f"an answer came from {source!r}, which is not among the workers")
        if answer.item not in item_of or answer.label not in class_of:
            raise InputError(
                f"{source} answered {answer.label!r} on {answer.item!r}: not an item and class here"
            )
        voice = voices.setdefault((source, answer.worker), len(voices))
        own = np.nan if answer.probability is None else answer.probability
        rows.append((item_of[answer.item], voice, class_of[answer.label], own))
    known = np.full(len(items), UNKNOWN, dtype=np.int64)
    for item, label in (gold or {}).items():
        if label not in class_of:
            raise InputError(f"gold label {label!r} of item {item!r} is not among the classes")
        if item in item_of:
            known[item_of[item]] = class_of[label]
    table = np.asarray(rows, dtype=np.float64).reshape(-1, 4)
    ids = table[:, :3].astype(np.int64)
    return Heard(
        Votes(
            tuple(items),
            tuple(f"{source}:{name}" for source, name in voices),
            tuple(classes),
            ids[:, 0],
            ids[:, 1],
            ids[:, 2],
        ),
        table[:, 3],
        np.asarray([source_of[source] for source, _ in voices], dtype=np.int64),
        tuple(sources),
        known,
    )
