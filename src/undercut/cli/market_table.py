"""What `undercut market refresh` and `backtest` print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from undercut.runs.selling.market_refresh import Refreshed


def refreshed_json(done: Refreshed) -> dict[str, object]:
    """The refresh as JSON values."""
    return {
        "place": str(done.place),
        "sha256": done.sha256,
        "hash_checked": done.hash_checked,
        "built": done.built.isoformat(),
        "built_before": done.built_before.isoformat(),
        "offers": done.offers,
        "added": done.added,
        "gone": done.gone,
        "cheaper": done.cheaper,
        "dearer": done.dearer,
    }


def render_refreshed(done: Refreshed, console: Console) -> None:
    """What changed, in four lines."""
    checked = "as asked for" if done.hash_checked else "not checked against anything: use --sha256"
    lines = (
        f"market of {done.built} in {done.place} (before: {done.built_before})",
        f"{done.offers:,} offers: {done.added:,} new, {done.gone:,} gone, "
        f"{done.cheaper:,} cheaper, {done.dearer:,} dearer",
        f"sha256 {done.sha256}, {checked}",
    )
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def render_backtest(content: Mapping[str, Any], console: Console) -> None:
    """Errors as factors: 1.5 means that the typical forecast was off by half."""
    table = Table(box=None, pad_edge=False)
    for name in ("windows", "forecasts", "own", "no change", "trend", "inside", "width"):
        table.add_column(name, justify="left" if name == "windows" else "right")
    for part in ("early", "late"):
        score = content[part]
        name = f"{part}, {score['first_origin'][:7]} to {score['last_origin'][:7]}"
        table.add_row(name, *_scores(score), style="bold" if part == "late" else None)
    for score in content["late"]["by_tier"]:
        table.add_row(f"  rated {score['tier']:g} or more", *_scores(score))
    chosen = content["chosen_on_early_windows"]
    late = content["late"]
    gain, coverage = late["gain_over_no_change"], late["coverage"]
    console.print(table)
    remarks = [
        f"own, no change, trend: typical error as a factor, {content['months']} months ahead; "
        f"inside: share of {content['confidence']:.0%} intervals that held; width: high / low.",
        f"chosen on the early windows: {chosen['points_per_month']:g} rating points a month, "
        f"softness {chosen['softness']:g}. The late windows chose nothing.",
        f"late: {gain['value']:.2f} better in log price than no change "
        f"(95% interval {_side(gain['low'])} to {_side(gain['high'])}, resampling runs of "
        f"{content['months']} origins: the windows overlap).",
    ]
    if coverage is not None:
        remarks.append(
            f"late: {coverage['value']:.0%} inside "
            f"({_side(coverage['low'])} to {_side(coverage['high'])} as a share)."
        )
    remarks += [
        "Ratings are those of the snapshot's day, not of the origins: docs/market.md says what "
        "that does.",
        "Sources: " + "; ".join(f"{s['title']} ({s['date']})" for s in content["sources"]) + ".",
    ]
    for remark in remarks:
        console.print(remark, markup=False)


def _scores(score: Mapping[str, Any]) -> list[str]:
    coverage, width = score["coverage"], score["median_width_factor"]
    return [
        f"{score['windows']:,}",
        *(f"{score[f'{name}_factor']:.2f}×" for name in ("error", "no_change", "trend")),
        "–" if coverage is None else f"{coverage['value']:.0%}",
        "–" if width is None else f"{width:.1f}×",
    ]


def _side(value: float | None) -> str:
    return "unbounded" if value is None else f"{value:.2f}"
