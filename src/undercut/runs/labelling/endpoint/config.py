"""The settings of one endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from undercut.core.money import Money

_MILLION = Decimal(1_000_000)
INSTRUCTIONS = "Say which of the classes fits the text best."


class Constraint(StrEnum):
    """How a server is told to answer with a class and nothing else."""

    AUTO = "auto"
    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    GUIDED_CHOICE = "guided_choice"
    STRUCTURED_CHOICE = "structured_choice"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """Money for a million tokens that go in and that come out."""

    per_million_in: Money
    per_million_out: Money

    def of(self, tokens_in: int, tokens_out: int) -> Money:
        """What so many tokens cost, rounded at 18 places."""
        return self.per_million_in * (Decimal(tokens_in) / _MILLION) + self.per_million_out * (
            Decimal(tokens_out) / _MILLION
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointConfig:
    """What is asked, where and within which bounds.

    url: up to and with `/v1`. key_env: environment variable that holds the key. price: the most
    one answer may cost. prices: of tokens; without them an answer costs `price`. budget: the most
    this worker may ever cost in this job. shots: labelled examples sent along, the most similar
    ones. similarity: 'letters' or an encoder's name. concurrency: requests under way at once.
    retries: further tries after a refusal. longest_wait_seconds: between two tries. extra: fields
    added to every request.
    """

    url: str
    model: str
    price: Money
    prices: TokenPrices | None = None
    key_env: str | None = None
    budget: Money | None = None
    instructions: str = INSTRUCTIONS
    descriptions: Mapping[str, str] = field(default_factory=dict)
    shots: int = 4
    similarity: str = "letters"
    constrain: Constraint = Constraint.AUTO
    temperature: float | None = 0.0
    answer_tokens: int = 40
    concurrency: int = 4
    retries: int = 6
    timeout_seconds: float = 60.0
    longest_wait_seconds: float = 60.0
    extra: Mapping[str, object] = field(default_factory=dict)
