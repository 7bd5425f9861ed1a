"""The endpoint as worker: asks, reads, repairs once, pays once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from undercut.build.labels.workers import Answer, Ask, WorkerFacts
from undercut.core.canonical import canonical_json
from undercut.core.errors import UndercutError
from undercut.core.money import Money
from undercut.runs.labelling.endpoint.config import EndpointConfig
from undercut.runs.labelling.endpoint.examples import Examples
from undercut.runs.labelling.endpoint.exchange import Declined, Exchange, Lost, Refused, Reply
from undercut.runs.labelling.endpoint.memory import Kept, Memory
from undercut.runs.labelling.endpoint.prompt import (
    Message,
    messages_for,
    most_tokens,
    repair_for,
)
from undercut.runs.labelling.endpoint.reading import label_in
from undercut.runs.labelling.endpoint.together import ask_together

_MOST_NOTE = 200


@dataclass(slots=True)
class EndpointWorker:
    """A language model behind an OpenAI-compatible endpoint.

    Repeatable: an Ask that was answered before is answered from memory, at what it cost then,
    so a job that died before it wrote the answer down books it exactly once. The same text under
    another item costs nothing.
    """

    facts: WorkerFacts
    config: EndpointConfig
    memory: Memory
    exchange: Exchange
    examples: Examples = field(default_factory=lambda: Examples(()))
    repeatable: bool = True

    def answer(self, asks: Sequence[Ask], *, classes: Sequence[str]) -> list[Answer]:
        """One Answer for each Ask, in their order; raises ConfigError for a wrong key or model,
        ConnectionFailedError where several questions on end got no reply: the server is down.

        None where the server or its replies failed for good, it declines a text though it answers
        others, the text is too long for the price, or the budget of this worker is used up; the
        note says which.
        """
        groups: dict[str, list[int]] = {}
        for at, ask in enumerate(asks):
            groups.setdefault(self._question(ask.text, classes), []).append(at)
        near = self.examples.nearest(
            [asks[rows[0]].text for rows in groups.values()],
            shots=self.config.shots,
            classes=classes,
        )
        self.exchange.begin()
        done = ask_together(
            lambda one: self._first(one[0], asks[groups[one[0]][0]], one[1], classes),
            list(zip(groups, near, strict=True)),
            at_once=self.config.concurrency,
            halt=self.exchange.halt,  # after a wrong key nothing else is asked
        )
        answers = {
            at: self._answer(question, asks[at], kept)
            for (question, rows), kept in zip(groups.items(), done, strict=True)
            for at in rows
        }
        return [answers[at] for at in range(len(asks))]

    def close(self) -> None:
        """Close connections and memory."""
        self.exchange.close()
        self.memory.close()

    def _question(self, text: str, classes: Sequence[str]) -> str:
        """What makes an answer the same: not the examples, which change as labels come in."""
        return hashlib.sha256(
            canonical_json(
                {
                    "url": self.config.url,
                    "model": self.config.model,
                    "instructions": self.config.instructions,
                    "descriptions": dict(self.config.descriptions),
                    "classes": list(classes),
                    "text": text,
                }
            ).encode()
        ).hexdigest()

    def _answer(self, question: str, ask: Ask, kept: Kept) -> Answer:
        return Answer(
            ask.item,
            self.facts.name,
            kept.label,
            self.memory.spent_on(question, ask.item),
            seconds=kept.seconds,
            note=kept.note,
            reference=question[:16],
        )

    def _first(
        self,
        question: str,
        ask: Ask,
        examples: Sequence[tuple[str, str]],
        classes: Sequence[str],
    ) -> Kept:
        known = self.memory.kept(question)
        if known is not None:
            return known
        messages = self._affordable(ask.text, examples, classes)
        if messages is None:
            return Kept(None, "the text is too long for the price of an answer", None)
        reply = self._paid(question, ask.item, messages, classes, repair=True)
        if isinstance(reply, Kept):
            return reply
        repaired = repair_for(messages, reply, classes=classes) if reply else messages
        second = self._paid(question, ask.item, repaired, classes, repair=False)
        return second if isinstance(second, Kept) else Kept(None, second, None)

    def _affordable(
        self, text: str, examples: Sequence[tuple[str, str]], classes: Sequence[str]
    ) -> list[Message] | None:
        """The messages with as many examples as the price allows."""
        for dropped in range(len(examples) + 1):
            messages = messages_for(
                text, classes=classes, examples=examples[dropped:], config=self.config
            )
            if self._most(messages) <= self.config.price:
                return messages
        return None

    def _most(self, messages: Sequence[Message]) -> Money:
        if self.config.prices is None:
            return self.config.price
        return self.config.prices.of(most_tokens(messages), self.config.answer_tokens)

    def _paid(
        self,
        question: str,
        item: str,
        messages: Sequence[Message],
        classes: Sequence[str],
        *,
        repair: bool,
    ) -> Kept | str:
        """The answer, or a reply that names no class and is worth a repair."""
        most = self._most(messages)
        if not repair and self.config.prices is None:
            most = Money.zero(most.currency)  # an answer's price covers its repair
        lost = Lost("")
        for _ in range(self.config.retries + 1):
            if self.memory.spent_on(question, item) + most > self.config.price:
                if lost.why:
                    self.exchange.gave_up(lost.why)
                return Kept(None, "another try would cost more than the price", None)
            request = self.memory.set_aside(question, item, most, budget=self.config.budget)
            if request is None:
                return Kept(None, "the budget of this worker is used up", None)
            try:
                result = self.exchange.ask(messages, classes=classes)
            except UndercutError:
                self.memory.release(request)
                raise
            if isinstance(result, Refused):
                self.memory.release(request)
                self.exchange.gave_up(result.why)
                return Kept(None, result.why[:_MOST_NOTE], None)
            if isinstance(result, Declined):
                self.memory.release(request)
                return Kept(None, result.why[:_MOST_NOTE], None)
            if isinstance(result, Lost):
                self.memory.settle(request, most)  # the vendor may have counted it
                lost = result
                continue
            self.exchange.replied()
            return self._settled(question, request, most, result, classes, repair=repair)
        self.exchange.gave_up(lost.why)
        return Kept(None, f"lost again and again: {lost.why}"[:_MOST_NOTE], None)

    def _settled(
        self,
        question: str,
        request: int,
        most: Money,
        reply: Reply,
        classes: Sequence[str],
        *,
        repair: bool,
    ) -> Kept | str:
        cost = self._cost(reply, most)
        label = label_in(reply.text or "", classes)
        if label is None and repair:
            self.memory.settle(request, cost)
            return reply.text or ""
        note = "" if label is not None else f"no class in {reply.text!r}"[:_MOST_NOTE]
        kept = Kept(label, note, reply.seconds)
        self.memory.settle(request, cost, question=question, answer=kept)
        return kept

    def _cost(self, reply: Reply, most: Money) -> Money:
        """By the server's count; the most it can have been where it counted nothing."""
        if self.config.prices is None or reply.tokens_in is None or reply.tokens_out is None:
            return most
        return self.config.prices.of(reply.tokens_in, reply.tokens_out)


def open_endpoint(
    facts: WorkerFacts,
    config: EndpointConfig,
    *,
    folder: Path,
    environment: Mapping[str, str],
    examples: Sequence[tuple[str, str]] = (),
) -> EndpointWorker:
    """The worker, with its memory in `folder`.

    environment: where the key is looked up; it goes into no file and no message.
    """
    key = environment.get(config.key_env, "") if config.key_env else ""
    memory = Memory(folder / f"{facts.name}.sqlite", currency=config.price.currency)
    return EndpointWorker(
        facts,
        config,
        memory,
        Exchange(config, key=key or None, answered=memory.holds_any()),
        Examples(tuple(examples), config.similarity),
    )
