"""What waits for one stage: every request has its turn, and a batch is cut to a budget."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from undercut.operate.serving.engine.pending import PendingRequest, Portion


class StageQueue:
    """Portions of many requests in turn; portions of settled requests cost nothing."""

    def __init__(self, *, turn_texts: int) -> None:
        self._turn_texts = turn_texts
        self._waiting: deque[Portion] = deque()
        self._alone: deque[Portion] = deque()
        self._suspects: deque[Portion] = deque()
        self._dropped = 0
        self.texts = 0
        self.characters = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._alone) + len(self._suspects)

    def put(self, portion: Portion) -> None:
        """Behind all others."""
        self._enter(portion)
        self._waiting.append(portion)

    def put_alone(self, portion: Portion) -> None:
        """Before all others, to go in a batch of its own: a model failed on its batch."""
        self._enter(portion)
        self._alone.append(portion)

    def put_suspect(self, portion: Portion) -> None:
        """Before all others, to have a worker to itself: a worker died while it held this."""
        self._enter(portion)
        self._suspects.append(portion)

    def take_suspect(self, usable: Callable[[PendingRequest], bool]) -> list[Portion]:
        """The next suspect; none where none waits."""
        return self._take_one(self._suspects, usable)

    @property
    def suspects(self) -> int:
        """Portions that want a worker to themselves."""
        return len(self._suspects)

    def drop(self, portion: Portion) -> None:
        """Forget a portion that waits here."""
        self._leave(portion)
        portion.dropped = True
        self._dropped += 1
        if self._dropped > 64 and self._dropped * 2 > len(self):
            self._waiting = deque(p for p in self._waiting if not p.dropped)
            self._alone = deque(p for p in self._alone if not p.dropped)
            self._suspects = deque(p for p in self._suspects if not p.dropped)
            self._dropped = 0

    def take(
        self, texts: int, characters: int, usable: Callable[[PendingRequest], bool]
    ) -> list[Portion]:
        """Portions for one batch within the budget, one text at least; none where none waits.

        usable: asked before a request goes in; it may settle the request, for its deadline.
        """
        if alone := self._take_one(self._alone, usable):
            return alone
        batch: list[Portion] = []
        while self._waiting and texts > 0:
            portion = self._waiting.popleft()
            if not self._wanted(portion, usable):
                continue
            if batch and portion.first_characters > characters:
                self._waiting.appendleft(portion)
                break
            self._leave(portion)
            turn = min(texts, self._turn_texts) if self._waiting else texts
            head, rest = portion.split(turn, characters)
            if rest is not None:
                self.put(rest)
            batch.append(head)
            texts -= len(head.rows)
            characters -= head.characters
        return batch

    def _take_one(
        self, waiting: deque[Portion], usable: Callable[[PendingRequest], bool]
    ) -> list[Portion]:
        while waiting:
            portion = waiting.popleft()
            if self._wanted(portion, usable):
                self._leave(portion)
                return [portion]
        return []

    def _wanted(self, portion: Portion, usable: Callable[[PendingRequest], bool]) -> bool:
        """Whether a portion just taken from its deque is still to be answered."""
        if not portion.dropped and usable(portion.request):
            return True
        if portion.dropped:
            self._dropped = max(0, self._dropped - 1)
        else:
            self._leave(portion)
        return False

    def _enter(self, portion: Portion) -> None:
        portion.queue = self
        portion.request.portions.add(portion)
        self.texts += len(portion.rows)
        self.characters += portion.characters

    def _leave(self, portion: Portion) -> None:
        portion.queue = None
        portion.request.portions.discard(portion)
        self.texts -= len(portion.rows)
        self.characters -= portion.characters
