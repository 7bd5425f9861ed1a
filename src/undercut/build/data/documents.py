"""What every source yields: a text with where it came from, or what kept one from being read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, TypeAlias, runtime_checkable


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text came from.

    source: the address as the user gave it, without passwords.
    place: where in the source, unique there: "line 12", "a/b.csv line 12", "id=7", a URL.
    date: when it was written or published; for pages that do not say, when they were fetched;
    None where nothing is known (a file's own time says when it was copied).
    licence: as the source states it (a name, an SPDX id, a URL); None is unknown, not free.
    """

    source: str
    place: str
    date: date | None = None
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One text, before any cleaning.

    text: may be empty: that a row has no text is for the cleaning to tell.
    label: as written in the source, None where there is none.
    extra: what else the source says of it, such as a page's title or columns asked for.
    """

    text: str
    label: str | None
    origin: Origin
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that could not be read; the records after it still are.

    reason: in words for people. place of the origin: as of a `Document`.
    """

    origin: Origin
    reason: str


Record: TypeAlias = Document | Unreadable


@runtime_checkable
class Source(Protocol):
    """Texts from one place, read in batches; reading again starts again from the top.

    The same input gives the same records in the same order.
    """

    @property
    def address(self) -> str:
        """As the user gave it, without passwords: fit for reports and messages."""
        ...

    @property
    def rows_at_most(self) -> int | None:
        """Upper bound or estimate of the records, for progress; None where nobody knows."""
        ...

    def batches(self, rows: int = 1_024) -> Iterator[list[Record]]:
        """Lists of at most `rows` records, shorter where the texts are long.

        Raises InputError where the source as a whole is refused, also in the middle of it.
        """
        ...
