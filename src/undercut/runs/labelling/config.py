"""The settings of a labelling job: one typed config for flags and Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from undercut.build.labels.deciding.config import MarketConfig
from undercut.core.errors import ConfigError
from undercut.core.money import Money
from undercut.runs.config import Effort

Language = Literal["en", "zh"]
Choose = Literal["steady", "margin", "badge", "typiclust", "uncertainty", "random"]

_SHARES = {"target_error": "0.05, for 5%", "confidence": "0.95, for 95%"}


class LabelConfig(BaseModel):
    """What `undercut label` is asked to do.

    source: table of texts. workers: file that names who labels. budget: hard limit, such as
    '50 USD'. target_error: largest acceptable share of wrong labels; confidence: of its
    certificate. error_cost: what one wrong label costs, where that is known: then buying also
    stops where the next label costs more than it is worth. classes: names, or one that is a file
    with a name a line; from the gold labels or the workers' file by default. gold: table of texts
    or ids with known labels. audit: have a random sample judged at the end. choose: with then_run,
    which texts are labelled next.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    workers: str
    budget: str
    target_error: float = Field(default=0.05, gt=0.0, lt=1.0)
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    error_cost: str | None = None
    classes: tuple[str, ...] = ()
    gold: str | None = None
    text_column: str | None = None
    id_column: str | None = None
    audit: bool = True
    explore: int = Field(default=150, ge=0)
    seed: int = Field(default=0, ge=0, lt=2**31)
    out: str = "labelled"
    language: Language = "en"
    then_run: bool = False
    choose: Choose = "steady"
    test: str | None = None
    point_worth: str | None = None
    effort: Effort = "normal"

    @field_validator("budget", "error_cost", "point_worth")
    @classmethod
    def _is_money(cls, value: str | None) -> str | None:
        if value is not None and Money.parse(value).amount < 0:
            raise ValueError("an amount of money must not be negative")
        return value

    @model_validator(mode="after")
    def _one_currency(self) -> LabelConfig:
        currency = Money.parse(self.budget).currency
        for name in ("error_cost", "point_worth"):
            said = getattr(self, name)
            if said is not None and Money.parse(said).currency != currency:
                raise ValueError(
                    f"--{name.replace('_', '-')} is {said!r}, the budget is in {currency}; one"
                    " currency for all, since undercut converts nothing"
                )
        return self

    @property
    def out_folder(self) -> Path:
        """Where everything of this job goes."""
        return Path(self.out)

    @property
    def budget_money(self) -> Money:
        """The hard limit."""
        return Money.parse(self.budget)

    def market(self) -> MarketConfig:
        """What the deciding part needs of it."""
        cost = None if self.error_cost is None else float(Money.parse(self.error_cost).amount)
        return MarketConfig(
            target_error=self.target_error,
            confidence=self.confidence,
            error_cost=cost,
            explore_items=self.explore,
            audit=self.audit,
            seed=self.seed,
        )


def make_label_config(settings: Mapping[str, Any]) -> LabelConfig:
    """The config; settings that are None count as not given. ConfigError names a wrong one."""
    given = {name: value for name, value in settings.items() if value is not None}
    try:
        return LabelConfig.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        if not name:
            raise ConfigError(message, hint="undercut label --help") from error
        raise ConfigError(
            f"{name}: {message}, got {first.get('input')!r}",
            hint=_SHARES.get(name, "undercut label --help"),
        ) from error
