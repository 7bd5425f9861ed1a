"""Where the market snapshot is: the user's own refreshed copy, else the shipped one."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from undercut.core.errors import ArtefactError, InputError
from undercut.sell.market.ledger_format import LEDGER, RATINGS, from_ledger
from undercut.sell.market.snapshot import MarketSnapshot, Source
from undercut.sell.market.snapshot_format import read_snapshot

MARKET_VARIABLE: Final = "UNDERCUT_MARKET"
DEFAULT_MARKET: Final = "undercut-market.json.gz"
MOST_PACKED_BYTES: Final = 16 * 2**20
MOST_BYTES: Final = 128 * 2**20
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class OpenedMarket:
    """A snapshot with where it is from. place: None for the shipped one. sha256: of the file."""

    snapshot: MarketSnapshot
    place: Path | None
    sha256: str


def market_place(given: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Where the user's own copy is: as given, by UNDERCUT_MARKET, or a file in this folder."""
    where = os.environ if environ is None else environ
    return given or Path(where.get(MARKET_VARIABLE) or DEFAULT_MARKET)


def open_market(given: Path | None = None) -> OpenedMarket:
    """The own copy where there is one (it must exist where it was named), else the shipped one.

    A damaged own copy is an error: a silent step back to older prices would be worse. Raises
    InputError for a named file that is not there, ArtefactError for one that cannot be read.
    """
    place = market_place(given)
    named = given is not None or bool(os.environ.get(MARKET_VARIABLE))
    if not place.is_file():
        if named:
            raise InputError(
                "no market snapshot here",
                file=str(place),
                hint=f"undercut market refresh FILE_OR_URL --snapshot {place}",
            )
        return shipped_market()
    data = _read(place)
    return OpenedMarket(decode_market(data, name=str(place)), place, _hash(data))


@cache
def shipped_market() -> OpenedMarket:
    """The snapshot that came with the package."""
    asset = resources.files("undercut") / "assets" / "market" / "snapshot.json.gz"
    data = asset.read_bytes()
    return OpenedMarket(decode_market(data, name="the shipped market"), None, _hash(data))


def decode_market(data: bytes, *, name: str, older: MarketSnapshot | None = None) -> MarketSnapshot:
    """A snapshot from a file's bytes: its own format, or a raw ledger, gzipped or not.

    older: what a raw ledger, which holds no router and no second list, keeps of these.
    Raises ArtefactError beyond the bounds of size, and for anything that is neither format.
    """
    if len(data) > MOST_PACKED_BYTES:
        raise ArtefactError(f"{name}: {len(data)} bytes, expected at most {MOST_PACKED_BYTES}")
    text = _unpacked(data, name)
    content = _json(text, name)
    if "schema" in content and "litellm" in content:
        return _from_ledger(content, data, older)
    return read_snapshot(text, name=name)


def _from_ledger(
    content: dict[str, Any], data: bytes, older: MarketSnapshot | None
) -> MarketSnapshot:
    kept: dict[str, Source] = {} if older is None else {s.id: s for s in older.sources}
    others = [source for name, source in kept.items() if name not in (LEDGER, RATINGS)]
    return from_ledger(
        content,
        sha256=_hash(data),
        router=() if older is None else older.sightings,
        router_source=next((s for s in others if s.id == "router"), None),
        second=() if older is None else older.second,
        second_source=next((s for s in others if s.id == "second"), None),
    )


def _unpacked(data: bytes, name: str) -> bytes:
    if not data.startswith(_GZIP):
        return data
    stream = zlib.decompressobj(31)
    try:
        text = stream.decompress(data, MOST_BYTES)
        if stream.unconsumed_tail:
            raise ArtefactError(f"{name}: unpacks to more than {MOST_BYTES} bytes")
        if not stream.eof:
            raise ArtefactError(f"{name}: the gzip data is cut off")
    except zlib.error as error:
        raise ArtefactError(f"{name}: damaged gzip data: {error}") from error
    return text


def _json(text: bytes, name: str) -> dict[str, Any]:
    try:
        content = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ArtefactError(
            f"{name}: not JSON: {error}", hint="a market snapshot, see docs/market.md"
        ) from error
    if not isinstance(content, dict):
        raise ArtefactError(f"{name}: expected a JSON object, got {type(content).__name__}")
    return content


def _read(place: Path) -> bytes:
    with place.open("rb") as file:
        return file.read(MOST_PACKED_BYTES + 1)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pack_market(text: str) -> bytes:
    """The bytes of a snapshot file; equal snapshots give equal bytes."""
    return gzip.compress(text.encode("utf-8"), 9, mtime=0)
