"""Which requests a canary answers: by hash, so that a repeat meets the same plan again."""

from __future__ import annotations

import hashlib
from typing import Final

_WHOLE: Final = float(1 << 64)


def goes_to_canary(route: str, share: float, *, salt: str) -> bool:
    """Whether the request with this key is among the share in [0, 1].

    salt: of the deployment, so that the next canary meets other requests.
    """
    hashed = hashlib.blake2b(
        route.encode("utf-8", "surrogatepass"), digest_size=8, key=salt.encode("utf-8")[:64]
    )
    return int.from_bytes(hashed.digest(), "big") / _WHOLE < share
