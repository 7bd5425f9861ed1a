"""When a new plan is worse than it may be."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class DeploymentBounds(BaseModel):
    """What a candidate may do before it is rolled back by itself.

    error_share: requests that it fails on. disagreement_share: mean over requests of the share of
    texts that get another label than the current plan gives. slow_share: requests that take more
    than `latency_factor` times, and `latency_slack_seconds` more than, the current plan's 95th
    percentile for requests of that size. false_alarm: the chance, over a deployment however long,
    that a candidate within all three bounds is rolled back.
    promote_after: so many requests in a row without a failure, and it is promoted by itself; None:
    by order only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    error_share: float = Field(default=0.01, gt=0, lt=1)
    disagreement_share: float = Field(default=0.10, gt=0, lt=1)
    slow_share: float = Field(default=0.15, gt=0, lt=1)
    latency_factor: float = Field(default=1.5, ge=1)
    latency_slack_seconds: float = Field(default=0.01, ge=0)
    false_alarm: float = Field(default=0.01, gt=0, lt=1)
    promote_after: int | None = Field(default=None, ge=1)
