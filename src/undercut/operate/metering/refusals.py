"""What a caller is told whose limits are used up, and when trying again may help."""

from __future__ import annotations

from undercut.core.errors import QuotaExceededError
from undercut.operate.metering.clock import Clock
from undercut.operate.metering.lease_rows import Room

# what other servers hold and do not use comes back about this fast
_HELD_SECONDS = 2.0


def too_fast(per_minute: int, wait_seconds: float) -> QuotaExceededError:
    """The refusal of the rate limit."""
    return QuotaExceededError(
        f"this key may make {per_minute} requests a minute",
        hint="wait as long as Retry-After says, or put more inputs into each request",
        retry_after_seconds=wait_seconds,
    )


def too_little(left: Room, clock: Clock) -> QuotaExceededError:
    """The refusal of quota or budget; `left` is what nobody has reserved."""
    what = "quota of inputs" if left.attos is None else "budget"
    if left.inputs is not None and left.attos is not None:
        what = "quota of inputs or budget"
    wait = clock.seconds_to_next_month()
    return QuotaExceededError(
        f"the key's monthly {what} does not cover this request",
        hint="fewer inputs, the next month (UTC), or a higher limit",
        retry_after_seconds=min(wait, _HELD_SECONDS) if left.held else wait,
    )


def cannot_reserve(why: str) -> QuotaExceededError:
    """A budget that cannot be kept: nobody knows what the request may cost."""
    return QuotaExceededError(
        f"this key has a monthly budget, and {why}",
        hint="serve a plan with a known cost in the budget's currency, or a key without budget",
    )
