"""What `undercut votes next` finds, as data."""

from __future__ import annotations

from dataclasses import dataclass

from undercut.core.errors import ConfigError
from undercut.core.money import Money


@dataclass(frozen=True, slots=True)
class NextConfig:
    """What is asked of the next votes.

    workers: who can vote now; empty: somebody, nobody knows who. most_votes: that any item may
    have; None: as many as nine items in ten have at most, at least five. count: items in the list
    at most, of each worker where workers are named. vote_price: of one vote; budget: for this
    round; error_cost: what a wrong label costs its user, as in `undercut label`. Raises ConfigError
    for a worker without a name.
    """

    workers: tuple[str, ...] = ()
    most_votes: int | None = None
    count: int | None = None
    vote_price: Money | None = None
    budget: Money | None = None
    error_cost: Money | None = None
    discount_copies: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if not all(name.strip() for name in self.workers):
            raise ConfigError("a worker has no name", hint="--worker NAME, as the file writes it")


@dataclass(frozen=True, slots=True)
class NextVote:
    """One item that wants another vote.

    answers: so far. label: most probable class, None without answers; probability: that it is
    right, as believed. gain: nats that the vote is expected to tell; fall: of the chance that the
    label is wrong, expected, a vote. worker: who is to give it, None: anybody.
    """

    item: str
    answers: int
    label: str | None
    probability: float
    gain: float
    fall: float
    worker: str | None


@dataclass(frozen=True, slots=True)
class Voter:
    """A worker who can vote now: answers so far, believed share of right ones, items given now."""

    worker: str
    answers: int
    accuracy: float
    given: int


@dataclass(frozen=True, slots=True)
class NextReport:
    """Which items want another vote, and how many votes that saves.

    wanting: items that want one, of which `votes` are listed. settled: items on which no vote
    would tell enough, or pay. full: items that have `most_votes`. unasked: items that want one,
    which nobody of the named workers may give. believed_error: mean chance that an item's label is
    wrong. to_come: further votes expected until nothing wants one; even: votes that would bring
    every item to `most_votes`. usual_accuracy: believed of the usual worker.
    """

    source: str
    columns: tuple[str, str, str]
    answers: int
    empty: int
    unreadable: int
    items: int
    workers: int
    classes: tuple[str, ...]
    copies: tuple[tuple[str, ...], ...]
    most_votes: int
    votes: tuple[NextVote, ...]
    wanting: int
    settled: int
    full: int
    unasked: int
    believed_error: float
    usual_accuracy: float
    to_come: float
    even: int
    voters: tuple[Voter, ...]
    vote_price: Money | None

    @property
    def saved(self) -> float:
        """Votes that are expected not to be needed, of those that would make all items even."""
        return max(self.even - self.to_come, 0.0)

    def price_of(self, votes: float) -> Money | None:
        """What so many votes cost; None where no price was given."""
        return None if self.vote_price is None else self.vote_price * round(votes)
