"""Which rating belongs to a model as a router names it: `meta-llama/x` is `meta / x`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from undercut.sell.market.snapshot import Rating

# as the router writes a vendor, and as the catalogue does
_MAKERS: Final[Mapping[str, str]] = {
    "meta-llama": "meta",
    "mistralai": "mistral",
    "qwen": "alibaba",
    "x-ai": "xai",
    "z-ai": "zhipu",
    "thudm": "zhipu",
    "moonshotai": "moonshot",
    "ibm-granite": "ibm",
    "nousresearch": "nous",
    "bytedance-seed": "bytedance",
}


def vendor_of(router_id: str) -> str:
    """Who made the model, by the router's id."""
    vendor = router_id.partition("/")[0]
    return _MAKERS.get(vendor, vendor)


def rated_router_ids(ids: Iterable[str], ratings: Iterable[Rating]) -> dict[str, Rating]:
    """Ratings by router id; ids that name no rated model are left out.

    Variants of one model (":free", ":thinking") carry its rating. Nothing is guessed: a name that
    differs by a date or a version is another model.
    """
    known = {(rating.maker, rating.model): rating for rating in ratings}
    found = {}
    for router_id in ids:
        model = router_id.partition("/")[2].partition(":")[0]
        rating = known.get((vendor_of(router_id), model))
        if rating is not None:
            found[router_id] = rating
    return found
