"""The constrained values that a report is made of."""

from __future__ import annotations

import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

MAX_TEXT_CHARACTERS = 300


class Frozen(BaseModel):
    """Base of every part: immutable, no unknown keys, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def safe_text(value: object) -> object:
    """A text made safe to store and show: no control characters, no lone surrogates.

    JSON lets lone surrogates through, UTF-8 does not: they become '?'. Anything but a string
    is returned as it is, for the type check that follows.
    """
    if not isinstance(value, str):
        return value
    encodable = value.encode("utf-8", "replace").decode("utf-8")
    return "".join(" " if _is_control(c) else c for c in encodable)


def clipped_text(value: object) -> object:
    """`safe_text`, cut to 300 characters: a report stays small whatever the user's texts are."""
    if not isinstance(value, str) or len(value) <= MAX_TEXT_CHARACTERS:
        return safe_text(value)
    return f"{safe_text(value[: MAX_TEXT_CHARACTERS - 1])}…"


def _is_control(character: str) -> bool:
    # Bidirectional overrides can make a text pose as another one: they go as well.
    return unicodedata.category(character) == "Cc" or "\u202a" <= character <= "\u202e"


def _exact_amount(value: str) -> str:
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"must be a decimal number such as '0.0123', got {value!r}") from None
    if not amount.is_finite():
        raise ValueError(f"must be finite, got {value!r}")
    return value


Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Bytes = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]
UsdPerMillion = Annotated[float, Field(ge=0)]
ExactAmount = Annotated[str, AfterValidator(_exact_amount)]
NonNegative = Annotated[float, Field(ge=0)]
SafeText = Annotated[str, BeforeValidator(safe_text)]
UserText = Annotated[str, BeforeValidator(clipped_text)]
