"""The record of quotes: one line a quote, each chained to the one before by its digest.

It is only ever appended to. A quote below the floor stands in it with who allowed it and why; a
line that was changed or taken out breaks the chain, which is told before anything is added. A small
file beside it, `<name>.head`, keeps how many quotes there were and the digest of the last, so that
lines taken off the end are missed too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from undercut.core.canonical import digest_of
from undercut.core.errors import ArtefactError, BelowFloorError, ConfigError, LedgerError
from undercut.core.files import write_atomic
from undercut.core.locks import FileLock
from undercut.core.money import Money

FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Quote:
    """What was offered to whom, over which floor. by, why: of an override, None without one.

    terms: prices in words a program can read, such as 'committed 140 USD for 2500000'.
    """

    at: str
    plan: str
    product: str
    customer: str | None
    price: str | None
    floor: str
    below_floor: bool
    by: str | None
    why: str | None
    market_file: str
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Override:
    """Who allows a price below the floor, and why. Raises ConfigError where either is empty."""

    by: str
    why: str

    def __post_init__(self) -> None:
        if not self.by.strip() or not self.why.strip():
            raise ConfigError(
                "a price below the floor needs who allows it and why",
                hint="--override 'clearing a pilot, ends in May' --by 'Ada, founder'",
            )


def check_floor(price: Money, floor: Money, override: Override | None, *, whose: str = "") -> bool:
    """Whether the price lies below the floor. Raises BelowFloorError where it does and nobody
    has answered for it.
    """
    if price >= floor:
        return False
    if override is None:
        raise BelowFloorError(
            f"{price.display()} lies below the floor{whose} of {floor.display()}: each million "
            f"answers would lose {(floor - price).display()}",
            hint="ask at least the floor, lower the cost, or record an override with --override "
            "WHY --by NAME; selling below cost can break competition law, as "
            "`undercut price --out DIR` explains",
        )
    return True


def append_quote(path: Path, quote: Quote) -> str:
    """Append one quote and return its digest.

    Raises LedgerError where the chain is broken, ArtefactError where the file cannot be written.
    """
    with FileLock(path.with_name(path.name + ".lock")):
        lines = _lines(path)
        previous = _check(path, lines)
        _check_end(path, lines)
        body = {**asdict(quote), "previous": previous}
        digest = digest_of(body)
        written = json.dumps({**body, "digest": digest}, sort_keys=True, ensure_ascii=False)
        try:
            with path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(written + "\n")
                file.flush()
            write_atomic(
                _head(path), json.dumps({"quotes": len(lines) + 1, "last": digest}).encode()
            )
        except OSError as error:
            raise ArtefactError(f"{path} cannot be written: {error.strerror}") from error
    return digest


def now_text(at: datetime) -> str:
    """A moment as quotes write it."""
    return at.isoformat(timespec="seconds")


def _lines(path: Path) -> list[dict[str, object]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ArtefactError(f"{path} cannot be read: {error}") from error
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise LedgerError(f"{path}:{number}: not a quote: {error}") from error
        if not isinstance(entry, dict):
            raise LedgerError(f"{path}:{number}: not a quote")
        found.append(entry)
    return found


def _check(path: Path, lines: Sequence[dict[str, object]]) -> str:
    """The digest of the last line; LedgerError where a line does not follow from the one before."""
    previous = FIRST
    for number, line in enumerate(lines, start=1):
        body = {key: value for key, value in line.items() if key != "digest"}
        if body.get("previous") != previous or line.get("digest") != digest_of(body):
            raise LedgerError(
                f"{path}:{number}: the record of quotes was changed here",
                hint="put the original file back from a copy; start a new one with --quotes FILE",
            )
        previous = str(line["digest"])
    return previous


def _head(path: Path) -> Path:
    return path.with_name(path.name + ".head")


def _check_end(path: Path, lines: Sequence[dict[str, object]]) -> None:
    """LedgerError where quotes are missing from the end.

    A quote more than the head tells of is one whose writer died in between: it counts.
    """
    head = _head(path)
    try:
        kept = json.loads(head.read_text(encoding="utf-8"))
        count, last = int(kept["quotes"]), str(kept["last"])
    except FileNotFoundError:
        if len(lines) <= 1:
            return
        raise LedgerError(
            f"{head} is gone: nothing tells whether {path} ends where it did",
            hint="put it back from a copy; start a new record with --quotes FILE",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LedgerError(f"{head} cannot be read: {error}") from error
    ends = lines[count - 1].get("digest") if 1 <= count <= len(lines) else None
    if ends != last or len(lines) > count + 1:
        raise LedgerError(
            f"{path} holds {len(lines)} quotes and {head.name} tells of {count}: the end of the "
            "record was changed",
            hint="put the original files back from a copy; start a new record with --quotes FILE",
        )
