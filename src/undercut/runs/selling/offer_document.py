"""`offer.json`, schema version 1: an offer as a customer reads it. No cost of the seller is in it.

Amounts are exact decimals as strings in `currency`; prices are for a million answers, fees a
month. Unknown is null.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import AwareDatetime

from undercut.runs.report.fields import Count, ExactAmount, Fraction, Frozen, SafeText, UserText


class OfferTier(Frozen):
    """One plan that can be bought."""

    kind: Literal["free", "usage", "committed"]
    name: UserText
    fee: ExactAmount
    allowance: ExactAmount
    price: ExactAmount | None
    discount: Fraction


class OfferQuality(Frozen):
    """Certificate and measured accuracy of the plan that serves.

    bound: certified share of the best model's accuracy. rows: texts it was shown on.
    """

    met: bool
    keep: Fraction | None
    bound: Fraction | None
    confidence: Fraction | None
    certified_rows: Count | None
    classes: Count
    accuracy: Fraction | None
    accuracy_low: Fraction | None
    accuracy_high: Fraction | None
    accuracy_rows: Count | None
    p50_seconds: float | None
    p99_seconds: float | None
    host: str | None


class OfferSource(Frozen):
    """Where numbers of one kind come from."""

    what: Literal["price", "certificate", "accuracy", "latency"]
    source: SafeText
    date: dt.date


class OfferTerms(Frozen):
    """months: that a monthly plan runs. notice_days: before a price changes."""

    months: Count
    notice_days: Count


class OfferDocument(Frozen):
    """Everything on the sheet. price: one price for all, None where there are tiers."""

    schema_version: Literal[1] = 1
    undercut_version: str
    created: AwareDatetime
    language: Literal["en", "zh"]
    firm: UserText
    product: UserText
    customer: UserText | None
    issued: dt.date
    valid_until: dt.date
    currency: str
    price: ExactAmount | None
    tiers: tuple[OfferTier, ...]
    quality: OfferQuality
    terms: OfferTerms
    sources: tuple[OfferSource, ...]
    plan_digest: str
    quote_digest: str | None
