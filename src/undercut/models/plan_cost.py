"""What the answers of a plan cost, as they were measured when it was planned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MILLION = 1_000_000


def _written_exactly(value: object) -> object:
    """A decimal as a string: a JSON number would pass through a float."""
    if isinstance(value, str | Decimal):
        return value
    raise ValueError(f"a decimal string is expected, such as '0.85', got {value!r}")


Amount = Annotated[
    Decimal,
    BeforeValidator(_written_exactly),
    Field(ge=0, lt=Decimal(10) ** 15, allow_inf_nan=False),
]


class PlanCost(BaseModel):
    """Own cost of a plan's answers.

    currency: three capital letters. per_million_answers: stage name -> what a million answers cost
    that this stage gives, with all that the stages before it spent on the same texts, so that it
    never falls from one stage to the next. host: the machine it was measured on, as people name
    it; measured: the day; threads: threads that the measured prediction used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    per_million_answers: dict[str, Amount]
    host: str = Field(min_length=1)
    measured: date
    threads: int = Field(ge=1)

    def check(self, stages: Sequence[str]) -> None:
        """Raises ValueError where the stages differ from the plan's or a later one costs less."""
        if set(self.per_million_answers) != set(stages):
            raise ValueError(
                f"the cost must name the stages {list(stages)}, "
                f"got {list(self.per_million_answers)}"
            )
        for before, after in pairwise(stages):
            if self.per_million_answers[after] < self.per_million_answers[before]:
                raise ValueError(
                    f"an answer of the stage {after!r} costs what {before!r} spent and its own: "
                    f"got {self.per_million_answers[after]} below "
                    f"{self.per_million_answers[before]} per million"
                )
