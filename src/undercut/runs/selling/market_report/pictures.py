"""Which pictures the page shows, made from the report's JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypedDict

from markupsafe import Markup

from undercut.runs.report import formats
from undercut.runs.report.words import Words
from undercut.runs.selling.market_report.content import tier_of
from undercut.runs.selling.market_report.figures.bars import Bar, bars_figure
from undercut.runs.selling.market_report.figures.lines import Series, Whisker, lines_figure

WIDE, NARROW = 760, 350
_STYLES = ("t0", "t1", "t2", "t3", "t4", "t5")


class Pair(TypedDict):
    """One picture twice: for a page and for a telephone."""

    wide: Markup
    narrow: Markup


def tiers_picture(content: Mapping[str, Any], words: Words) -> Pair:
    """The price of each tier over time; the forecast for the one asked for."""
    series = [
        Series(
            name=f"≥ {tier['tier']:g}",
            style=_STYLES[number % len(_STYLES)],
            points=_points(tier["history"]),
            strong=tier["tier"] == content["quality"],
        )
        for number, tier in enumerate(content["tiers"])
    ]
    whiskers = _forecast(content["forecast"])
    asked = tier_of(content)
    alt = words(
        "tiers_alt",
        tier=f"{content['quality']:g}",
        first=formats.money(asked["first_price"]),
        last=formats.money(asked["price"]),
        day=asked["first_day"],
    )
    return _pair(series, whiskers, words, name="tiers", title=words("tiers"), alt=alt, height=360)


def looking_back_picture(windows: Sequence[Mapping[str, Any]], words: Words) -> Pair | None:
    """One tier's price and what was forecast for it; None without forecasts."""
    if not windows:
        return None
    came = {date.fromisoformat(w["day"]): float(w["truth"]) for w in windows}
    came |= {date.fromisoformat(w["made"]): float(w["now"]) for w in windows}
    tier = f"{windows[0]['tier']:g}"
    series = [Series(name=f"≥ {tier}", style="t1", points=tuple(sorted(came.items())), strong=True)]
    whiskers = [
        Whisker(date.fromisoformat(w["day"]), w["low"], w["price"], w["high"])
        for w in windows
        if w["low"] is not None and w["high"] is not None
    ]
    inside = sum(bool(w["inside"]) for w in windows)
    alt = words("back_alt", tier=tier, inside=inside, windows=len(windows))
    return _pair(series, whiskers, words, name="back", title=words("back"), alt=alt, height=280)


def task_picture(content: Mapping[str, Any], words: Words) -> Pair | None:
    """A million requests at each seller, beside the plan; None where no tokens were given."""
    task = content["task"]
    if task is None:
        return None
    currency = content["market"]["currency"]
    rows = [
        Bar(
            f"{row['model']}, {row['seller']}",
            float(row["cost"]),
            formats.money(row["cost"], currency),
            "bar reference",
        )
        for row in task["per_million_requests"][:8]
    ]
    if task["plan"] is not None:
        cost = task["plan"]["cost"]
        rows.insert(0, Bar(words("your_plan"), float(cost), formats.money(cost, currency)))
    return _bars(rows, name="task", title=words("task"), alt=words("task_alt"))


def years_picture(content: Mapping[str, Any], words: Words) -> Pair:
    """Cuts and raises seen each year."""
    rows = []
    for year in content["changes"]["by_year"]:
        for kind, style in (("cuts", "answered"), ("raises", "bar reference")):
            count = year[kind]
            rows.append(Bar(words(f"{kind}_in", year=year["year"]), count, f"{count:,}", style))
    return _bars(rows, name="years", title=words("years"), alt=words("years_alt"))


def sizes_picture(content: Mapping[str, Any], words: Words) -> Pair:
    """How large cuts and raises were."""
    rows = []
    for size in content["changes"]["sizes"]:
        low, high = size["from"], size["to"]
        style = "answered" if high is not None and high <= 0 else "bar reference"
        rows.append(Bar(_size_name(low, high, words), size["changes"], f"{size['changes']}", style))
    return _bars(rows, name="sizes", title=words("sizes"), alt=words("sizes_alt"))


def _size_name(low: float, high: float | None, words: Words) -> str:
    if high is None:
        return words("more_than", percent=f"{low:+.0%}".replace("-", "−"))
    return f"{low:+.0%} … {high:+.0%}".replace("-", "−").replace("+0%", "0%")


def _points(history: Sequence[Mapping[str, Any]]) -> tuple[tuple[date, float], ...]:
    return tuple(
        (date.fromisoformat(point["day"]), float(point["price"]))
        for point in history
        if point["price"] is not None
    )


def _forecast(forecast: Mapping[str, Any] | None) -> list[Whisker]:
    if forecast is None or forecast["low"] is None or forecast["high"] is None:
        return []
    when = date.fromisoformat(forecast["day"])
    return [Whisker(when, forecast["low"], forecast["price"], forecast["high"])]


def _pair(
    series: Sequence[Series],
    whiskers: Sequence[Whisker],
    words: Words,
    *,
    name: str,
    title: str,
    alt: str,
    height: int,
) -> Pair:
    drawn = [
        lines_figure(
            series,
            whiskers,
            width=width,
            height=tall,
            name=f"{name}-{which}",
            title=title,
            description=alt,
            unit=words("axis_price"),
        )
        for width, tall, which in ((WIDE, height, "w"), (NARROW, min(height, 320), "n"))
    ]
    return Pair(wide=Markup(drawn[0]), narrow=Markup(drawn[1]))


def _bars(rows: Sequence[Bar], *, name: str, title: str, alt: str) -> Pair:
    drawn = [
        bars_figure(rows, width=width, name=f"{name}-{which}", title=title, description=alt)
        for width, which in ((WIDE, "w"), (NARROW, "n"))
    ]
    return Pair(wide=Markup(drawn[0]), narrow=Markup(drawn[1]))
