"""`undercut market refresh`: a newer snapshot takes the old one's place, or nothing changes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from undercut.core.errors import ArtefactError, ConfigError
from undercut.core.files import write_atomic
from undercut.runs.selling.market_fetch import read_address
from undercut.runs.selling.market_snapshots import (
    OpenedMarket,
    decode_market,
    market_place,
    open_market,
    pack_market,
    shipped_market,
)
from undercut.sell.market.plausible import check_plausible
from undercut.sell.market.snapshot import MarketSnapshot, Offer
from undercut.sell.market.snapshot_format import write_snapshot

if TYPE_CHECKING:
    from undercut.runs.sources.crawl.config import FetchConfig
    from undercut.runs.sources.crawl.network import Resolver

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did. sha256: of the file that was given; hash_checked: whether one was asked
    for. offers, added, gone, cheaper, dearer: against the snapshot that was in use.
    """

    place: Path
    sha256: str
    hash_checked: bool
    built: date
    built_before: date
    offers: int
    added: int
    gone: int
    cheaper: int
    dearer: int


def refresh_market(
    address: str,
    *,
    today: date,
    place: Path | None = None,
    sha256: str | None = None,
    fetch: FetchConfig | None = None,
    resolver: Resolver | None = None,
) -> Refreshed:
    """Read a snapshot from a file or URL, check it, and swap it in atomically.

    sha256: of the file as it is given; must fit. Whatever fails, the old copy stands untouched.
    Raises InputError, ConnectionFailedError, ConfigError, ArtefactError.
    """
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise ConfigError(f"a sha256 has 64 hexadecimal digits, got {sha256[:80]!r}")
    target = market_place(place)
    old = _in_use(target)
    data = read_address(address, fetch=fetch, resolver=resolver)
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != sha256.lower():
        raise ArtefactError(
            f"{address}: sha256 {found}, expected {sha256.lower()}; the old snapshot is kept",
            hint="the file was changed or is another one",
        )
    new = decode_market(data, name=address, older=old.snapshot)
    check_plausible(new, today=today, old=old.snapshot, name=address)
    packed = pack_market(write_snapshot(new))
    # read again before it counts: what cannot be opened tomorrow must not be written today
    decode_market(packed, name=address)
    write_atomic(target, packed)
    return _compared(new, old.snapshot, target, found, hash_checked=sha256 is not None)


def _in_use(target: Path) -> OpenedMarket:
    """The copy to be replaced; a damaged one may be, and is measured by the shipped one."""
    if not target.is_file():
        return shipped_market()
    try:
        return open_market(target)
    except ArtefactError:
        return shipped_market()


def _compared(
    new: MarketSnapshot, old: MarketSnapshot, place: Path, sha256: str, *, hash_checked: bool
) -> Refreshed:
    before = {offer.key: offer for offer in old.offers}
    after = {offer.key: offer for offer in new.offers}
    pairs = [(before[key], after[key]) for key in before.keys() & after.keys()]
    return Refreshed(
        place=place,
        sha256=sha256,
        hash_checked=hash_checked,
        built=new.built,
        built_before=old.built,
        offers=len(after),
        added=len(after.keys() - before.keys()),
        gone=len(before.keys() - after.keys()),
        cheaper=sum(_change(*pair) < 0 for pair in pairs),
        dearer=sum(_change(*pair) > 0 for pair in pairs),
    )


def _change(old: Offer, new: Offer) -> float:
    """Above zero where the blended price rose; zero where one of the two is not known."""
    prices = (old.input, old.output, new.input, new.output)
    if any(price is None for price in prices):
        return 0.0
    a, b, c, d = (float(price or 0) for price in prices)
    return (3 * c + d) - (3 * a + b)
