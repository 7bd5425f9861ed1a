"""Pages of what own data say: estimates of demand, and price tests. One file, no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

import undercut
from undercut.core.files import write_atomic
from undercut.runs.report import formats
from undercut.runs.report.template import render_page
from undercut.runs.report.words import Words
from undercut.runs.selling.demand_findings import Findings, note_json
from undercut.runs.selling.interval_figure import Mark, interval_figure
from undercut.runs.selling.note_words import note_says

PAGE = "estimate"
WIDE, NARROW = 760, 350
# names that end in what the user's file calls something
_COMPOSED = {"worth of ": "worth_of", "buys at ": "buys_at", "elasticity ": "elasticity_from"}


def demand_html(found: Findings, language: str, *, now: datetime) -> str:
    """The page of `undercut demand` in 'en' or 'zh'; what came from a file is escaped."""
    words = Words(language, PAGE)
    confidence = found.estimates[0].confidence if found.estimates else 0.95
    names = [_name(each.name, words) for each in found.estimates]
    rows = [
        (name, *(_shown(end, words) for end in (each.value, each.low, each.high)))
        for name, each in zip(names, found.estimates, strict=True)
    ]
    columns = [words("what"), words("estimate"), words("low"), words("high")]
    parts = [_part(words("estimates"), columns, rows)]
    if found.curve:
        marks = [Mark(f"{price:g}", share) for price, share in _thinned(found.curve)]
        shares = [(f"{price:g}", f"{share:.1%}") for price, share in _thinned(found.curve)]
        picture = _picture(marks, words("curve"), "curve")
        parts.append(
            _part(words("curve"), [words("price"), words("buys")], shares, picture=picture)
        )
    if found.facts:
        facts = [(_name(name, words), _shown(value, words)) for name, value in found.facts]
        parts.append(_part(words("facts"), [words("what"), words("value")], facts))
    return _page(
        words,
        now,
        title=words("demand_title"),
        source=Path(found.source).name,
        headline=words(
            "demand_headline", method=words.named("method", found.method), rows=f"{found.rows:,}"
        ),
        lede=words("demand_lede", confidence=formats.percent(confidence, 0)),
        notes=[note_json(note) for note in found.notes],
        parts=parts,
        lines=found.for_market_file,
    )


def price_test_html(found: dict[str, Any], source: str, language: str, *, now: datetime) -> str:
    """The page of a price test: JSON values of its analysis, or of how it stands."""
    words = Words(language, PAGE)
    running = "verdict" in found
    analysis = found["analysis"] if running else found
    parts = [_standing(found, words)] if running else []
    headline, lede, notes = words("test_headline_none"), "", []
    if analysis is not None:
        parts.append(_profits(analysis, words))
        proven = words("proven" if analysis["proven"] else "not_proven")
        headline = words("test_headline_best", best=analysis["best"], proven=proven)
        confidence = formats.percent(analysis["confidence"], 0)
        lede = words("test_lede", confidence=confidence, control=analysis["control"])
        notes = analysis["notes"]
    return _page(
        words,
        now,
        title=words("test_title"),
        source=Path(source).name,
        headline=headline,
        lede=lede,
        notes=notes,
        parts=parts,
        lines=(),
    )


def write_page(path: Path, page: str) -> None:
    """The page as a file, whole or not at all."""
    write_atomic(path, page.encode("utf-8"))


def _page(words: Words, now: datetime, *, notes: Sequence[Any], **values: object) -> str:
    cautions = Words(words.language, "selling")
    told = [
        {
            "caution": cautions.named("caution", note["caution"]),
            "text": note_says(words.language, note["text"], note["says"], note["values"]),
        }
        for note in notes
    ]
    made = words("made", version=undercut.__version__, created=f"{now:%Y-%m-%d %H:%M} UTC")
    version = undercut.__version__
    return render_page(
        "estimate/page.html.j2", words, notes=told, made=made, version=version, **values
    )


def _part(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    picture: dict[str, Markup] | None = None,
    below: str = "",
) -> dict[str, Any]:
    return {"title": title, "columns": columns, "rows": rows, "picture": picture, "below": below}


def _profits(found: dict[str, Any], words: Words) -> dict[str, Any]:
    keys = ("visitors", "bought", "revenue", "profit_short", "always", "gain", "chance_best")
    marks, rows = [], []
    for each in found["prices"]:
        title = each["price"] + (" *" if each["price"] == found["control"] else "")
        low, high = each["profit_interval_at_every_moment"]
        profit = each["profit_a_visitor"]
        if profit is not None:
            marks.append(Mark(title, profit, low, high, strong=each["price"] == found["best"]))
        rows.append(
            (
                title,
                f"{each['visitors']:,}",
                formats.percent(each["bought"]),
                _shown(each["revenue_a_visitor"], words),
                _shown(profit, words),
                f"{low:.3g} – {high:.3g}",
                formats.UNKNOWN if each["gain"] is None else f"{each['gain'][0]:+.3g}",
                formats.percent(each["chance_best"], 0),
            )
        )
    picture = _picture(marks, words("profit"), "profit") if marks else None
    columns = [words("price"), *(words(key) for key in keys)]
    return _part(words("profit"), columns, rows, picture=picture)


def _standing(found: dict[str, Any], words: Words) -> dict[str, Any]:
    rows = [
        (words("verdict"), words.named("verdict", found["verdict"])),
        (words("price_from_now_on"), found["price_from_now_on"] or formats.UNKNOWN),
        (words("loss_so_far"), f"{found['loss_so_far']:.2f}"),
        (words("loss_bound"), found["loss_bound"]),
        (words("open"), f"{found['open']:,}"),
        (words("floor"), f"{found['floor']} ({found['floor_source']})"),
    ]
    return _part(words("standing"), [words("what"), words("value")], rows)


def _picture(marks: list[Mark], title: str, name: str) -> dict[str, Markup]:
    told = ", ".join(f"{each.title}: {each.value:.4g}" for each in marks)
    return {
        size: Markup(
            interval_figure(
                marks, width=width, name=f"{name}-{size}", title=title, description=told
            )
        )
        for size, width in (("wide", WIDE), ("narrow", NARROW))
    }


def _thinned(curve: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most a dozen points, ends included: a page is read, not computed with."""
    if len(curve) <= 12:
        return list(curve)
    return [curve[round(at * (len(curve) - 1) / 11)] for at in range(12)]


def _name(name: str, words: Words) -> str:
    for start, key in _COMPOSED.items():
        if name.startswith(start):
            return words(key, rest=name.removeprefix(start))
    return words.named("name", name)


def _shown(value: float | None, words: Words) -> str:
    if value is None or math.isnan(value):
        return formats.UNKNOWN
    return words("no_bound") if math.isinf(value) else f"{value:.4g}"
