"""Puts questions to workers so that a kill in the middle pays nothing twice and loses nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from undercut.build.labels.workers import Answer, Ask, Worker
from undercut.core.errors import ConfigError
from undercut.runs.labelling.formats import Suggestion
from undercut.runs.labelling.journal import AskState, Journal, Put
from undercut.runs.labelling.people import PeopleWorker

# In flight at once: what a kill can leave in doubt where a worker cannot say what it answered.
CHUNK = 16
FREE_CHUNK = 2000

AnyWorker = Worker | PeopleWorker
Now = Callable[[], datetime]


def finish_batch(
    journal: Journal,
    worker: Worker,
    batch: int,
    *,
    texts: Mapping[str, str],
    classes: Sequence[str],
    now: Now,
    tick: Callable[[int], None] = lambda done: None,
) -> None:
    """Put the batch's questions that nobody has heard, and write the answers, chunk by chunk.

    Questions that were sent before a kill go to workers that are `repeatable` (or free) again,
    since those answer from what they remember; to others never: they are written off as in doubt.
    """
    puts = journal.asks(batch=batch)
    again = bool(getattr(worker, "repeatable", False)) or worker.facts.price.amount == 0
    if not again and any(put.state is AskState.SENT for put in puts):
        journal.doubt(batch, at=now())
    waiting = [
        put for put in puts if put.state is AskState.OPEN or (again and put.state is AskState.SENT)
    ]
    size = FREE_CHUNK if worker.facts.price.amount == 0 else CHUNK
    for start in range(0, len(waiting), size):
        chunk = waiting[start : start + size]
        journal.sending(chunk)
        asks = [Ask(put.item, texts[put.item]) for put in chunk]
        answers = worker.answer(asks, classes=classes)
        journal.answer(_matched(worker.facts.name, chunk, answers, classes), at=now())
        tick(len(chunk))


def _matched(
    name: str, chunk: Sequence[Put], answers: Sequence[Answer], classes: Sequence[str]
) -> list[tuple[Put, Answer]]:
    if len(answers) != len(chunk):
        raise ConfigError(
            f"worker {name!r} gave {len(answers)} answers to {len(chunk)} questions",
            hint="one Answer for each Ask, in their order",
        )
    known = set(classes)
    return [
        (put, answer if answer.label is None or answer.label in known else _abstained(answer))
        for put, answer in zip(chunk, answers, strict=True)
    ]


def _abstained(answer: Answer) -> Answer:
    return replace(answer, label=None, note=f"not a class: {answer.label!r}"[:200])


def collect(
    journal: Journal, worker: PeopleWorker, *, classes: Sequence[str], now: Now
) -> tuple[int, int]:
    """Write the answers that came back from people; (new ones, ones that nobody had asked for).

    An answer settles the oldest open question on its item. One that was read before is the same
    answer: known by its reference or, where the file has none, by its person and item. Answers
    without a question are left out: nobody agreed to pay.
    """
    name = worker.facts.name
    seen = journal.references(name)
    read = Counter(
        (answer.item, answer.worker)
        for source, answer in journal.answers(worker.facts.price.currency)
        if source == name and not answer.reference
    )
    open_puts: dict[str, list[Put]] = {}
    for put in journal.asks():
        if put.worker == name and put.state in (AskState.OPEN, AskState.SENT):
            open_puts.setdefault(put.item, []).append(put)
    found: list[tuple[Put, Answer]] = []
    unasked = 0
    for answer in worker.collect():
        if answer.reference in seen:
            continue
        if not answer.reference and read[answer.item, answer.worker] > 0:
            read[answer.item, answer.worker] -= 1
            continue
        if not open_puts.get(answer.item):
            unasked += 1
            continue
        if answer.reference:
            seen.add(answer.reference)
        put = open_puts[answer.item].pop(0)
        known = answer.label is None or answer.label in classes
        found.append((put, answer if known else _abstained(answer)))
    if found:
        journal.answer(found, at=now())
    return len(found), unasked


def hand_out(
    journal: Journal,
    worker: PeopleWorker,
    *,
    texts: Mapping[str, str],
    classes: Sequence[str],
    suggestions: Mapping[str, Suggestion],
) -> int:
    """Write the file of all questions that people have not answered; how many there are."""
    puts = [
        put
        for put in journal.asks()
        if put.worker == worker.facts.name and put.state in (AskState.OPEN, AskState.SENT)
    ]
    if puts:
        journal.sending([put for put in puts if put.state is AskState.OPEN])
        items = dict.fromkeys(put.item for put in puts)
        asks = [Ask(item, texts[item]) for item in items]
        own = {item: suggestions[item] for item in items if item in suggestions}
        worker.ask(asks, classes=classes, preannotations=own)
    return len(puts)
