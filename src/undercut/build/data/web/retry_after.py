"""How long a site asks to be left alone."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# A number of more digits than this is no time that anybody means.
_DIGITS = 9


def retry_after_seconds(value: str | None, *, now: datetime) -> float | None:
    """Seconds from `now` that a Retry-After header asks for, 0 for a date that is over.

    now: with a time zone. None where there is no header or it is neither a number of seconds nor
    an HTTP date.
    Source: RFC 9110, 10.2.3 (delay-seconds or HTTP-date) and 5.6.7 (dates).
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) <= _DIGITS else None
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # "-0000": universal time of an unknown place
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
