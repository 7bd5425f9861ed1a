"""Changes a key's limits in the books, from words as a command line has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from undercut.core.errors import ConfigError
from undercut.core.money import Money
from undercut.runs.books import open_books_here

if TYPE_CHECKING:
    from undercut.operate.metering.key_rows import KeyFacts
    from undercut.operate.metering.limit_rows import Kept

NONE: Final = "none"


def change_limits(
    books: str | None,
    tenant: str,
    key: str | None,
    *,
    per_minute: str | None = None,
    monthly: str | None = None,
    budget: str | None = None,
) -> KeyFacts:
    """Change what is given; 'none' takes a limit away. Returns the key as it is then.

    key: may be left out where all keys of the tenant share their limits. Raises ConfigError.
    """
    if per_minute is None and monthly is None and budget is None:
        raise ConfigError(
            "nothing to change", hint="--per-minute, --monthly or --budget, each with none or more"
        )
    opened = open_books_here(books, make=False)
    from undercut.operate.metering.limit_rows import KEPT, NewLimits, key_to_change, set_limits

    def money(text: str | None) -> Money | Kept | None:
        return KEPT if text is None else None if text == NONE else Money.parse(text)

    def count(name: str, text: str | None) -> int | Kept | None:
        if text is None or text == NONE:
            return KEPT if text is None else None
        digits = text.replace("_", "").replace(",", "")
        if not digits.isascii() or not digits.isdigit():
            raise ConfigError(f"--{name} is a number or none, got {text!r}")
        return int(digits)

    with opened:
        new = NewLimits(count("per-minute", per_minute), count("monthly", monthly), money(budget))
        meant = opened.read(lambda connection: key_to_change(connection, tenant, key))
        now = datetime.now(UTC)
        return opened.write(
            lambda connection: set_limits(connection, tenant, meant.key_id, new, now),
            locks=[meant.account],
        )
