"""One price from two: how many tokens are read for each that is written."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from undercut.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Blend:
    """Shares of tokens read and written; together 1. The usual yardstick is three to one."""

    input: float = 0.75
    output: float = 0.25

    @classmethod
    def of_tokens(cls, read: float, written: float) -> Blend:
        """The blend of a request that reads and writes so many tokens; ConfigError for none."""
        if not (read >= 0 and written >= 0 and read + written > 0):
            raise ConfigError(
                f"tokens must be 0 or more, and not both 0, got {read},{written}",
                hint="--task-tokens 220,5",
            )
        return cls(read / (read + written), written / (read + written))

    def price(self, given: Decimal, taken: Decimal) -> Decimal:
        """The exact blended price of two prices."""
        return given * Decimal(repr(self.input)) + taken * Decimal(repr(self.output))
