"""How much the back-test gains from ratings that were not yet known.

    python benchmarks/market_ratings_then.py HISTORY [OUT]

HISTORY: Arena's text board over time as CSV (snapshot_date, model, score), gzipped, such as the
history of fboulnois/llm-leaderboard-csv (MPL-2.0, not shipped here). At each origin that it
reaches, ratings are those of the last board before it. Boards differ in their zero: each is moved
by one number, the median difference to the shipped ratings over the models on both. That number
uses later ratings; which model stands above which does not. OUT: the figures as JSON.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from undercut.runs.selling.market_report.content import score_content
from undercut.runs.selling.market_snapshots import shipped_market
from undercut.sell.market.backtest import Window, backtest
from undercut.sell.market.backtest_score import score
from undercut.sell.market.months import first_days
from undercut.sell.market.snapshot import MarketSnapshot

Scores = dict[tuple[str, str], float]
_LEAST_MODELS = 20


def main(history: Path, out: Path | None) -> None:
    """Back-test with the ratings of the snapshot and with those known then, on the same origins."""
    snapshot = shipped_market().snapshot
    boards = _boards(history, snapshot)
    then, drift = _as_known(boards, snapshot)
    plain, honest = backtest(snapshot), backtest(snapshot, scores=then)
    figures = {
        "board_days": [min(boards).isoformat(), max(boards).isoformat()],
        "origins": len(then),
        "revisions_in_points": drift,
        "softness_chosen": {
            "snapshot": plain.chosen.softness,
            "then": honest.chosen.softness,
        },
        "points_chosen": {
            "snapshot": plain.chosen.points_per_month,
            "then": honest.chosen.points_per_month,
        },
        "early": _both(plain.early, honest.early, then),
        "late": _both(plain.late, honest.late, then),
    }
    text = json.dumps(figures, indent=2) + "\n"
    print(text)
    if out is not None:
        out.write_text(text, encoding="utf-8")


def _both(
    plain: tuple[Window, ...], honest: tuple[Window, ...], then: Mapping[date, Scores]
) -> dict[str, Any]:
    return {
        name: score_content(score([w for w in windows if w.forecast.made in then], months=6))
        for name, windows in (("snapshot", plain), ("then", honest))
    }


def _boards(history: Path, snapshot: MarketSnapshot) -> dict[date, Scores]:
    names = {_plain(r.model): (r.maker, r.model) for r in snapshot.ratings}
    names |= {_plain(r.name): (r.maker, r.model) for r in snapshot.ratings}
    boards: dict[date, Scores] = defaultdict(dict)
    with gzip.open(history, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key = names.get(_plain(row["model"]))
            if key is not None:
                boards[date.fromisoformat(row["snapshot_date"])][key] = float(row["score"])
    return boards


def _plain(name: str) -> str:
    """GPT-4o (2024-05-13) and GPT-4o-2024-05-13 are the same name."""
    return re.sub(r"[()\s-]+", "-", name.lower()).strip("-")


def _as_known(
    boards: Mapping[date, Scores], snapshot: MarketSnapshot
) -> tuple[dict[date, Scores], dict[str, dict[str, float]]]:
    final = {(r.maker, r.model): r.score for r in snapshot.ratings}
    known, drift = {}, {}
    for origin in first_days(min(boards), max(boards)):
        board = boards[max(day for day in boards if day <= origin)]
        if len(board) < _LEAST_MODELS:
            continue
        shift = float(np.median([final[key] - rating for key, rating in board.items()]))
        known[origin] = {key: rating + shift for key, rating in board.items()}
        moved = [abs(final[key] - rating) for key, rating in known[origin].items()]
        drift[origin.isoformat()] = {
            "models": len(board),
            "shift": round(shift, 1),
            "median": round(float(np.median(moved)), 1),
            "nine_in_ten_below": round(float(np.quantile(moved, 0.9)), 1),
        }
    return known, drift


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
