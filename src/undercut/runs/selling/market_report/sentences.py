"""What the page and the terminal say of a survey, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from undercut.runs.report import formats
from undercut.runs.report.words import Words
from undercut.runs.selling.market_report.content import tier_of

PAGE = "market"
_FRESH_DAYS = 60


@dataclass(frozen=True, slots=True)
class Number:
    """One key figure."""

    name: str
    value: str
    detail: str


def price(value: float | str | None, content: Mapping[str, Any]) -> str:
    """An amount in the market's currency."""
    return formats.money(value, content["market"]["currency"])


def span(found: Mapping[str, Any] | None, digits: int = 1, *, words: Words) -> str:
    """A measured number with its interval: 3.9 (3.3 to 4.0)."""
    if found is None:
        return formats.UNKNOWN
    value = f"{found['value']:,.{digits}f}"
    return words("span", value=value, reach=_reach(found, digits, words=words))


def share_span(found: Mapping[str, Any] | None, digits: int = 1, *, words: Words) -> str:
    """The same for a share: 7.3% (5.0 to 10.0)."""
    if found is None:
        return formats.UNKNOWN
    value = formats.percent(found["value"], digits)
    return words("span", value=value, reach=_reach(_in_percent(found), digits, words=words))


def _reach(found: Mapping[str, Any] | None, digits: int = 1, *, words: Words) -> str:
    """The interval alone: 3.3 to 4.0."""
    if found is None:
        return formats.UNKNOWN
    low, high = (
        words("open_end") if found[side] is None else f"{found[side]:,.{digits}f}"
        for side in ("low", "high")
    )
    return words("reach", low=low, high=high)


def _in_percent(found: Mapping[str, Any]) -> dict[str, Any]:
    scaled = ("value", "low", "high")
    return {side: None if found[side] is None else 100 * found[side] for side in scaled}


def times(value: float | None) -> str:
    """A ratio: 2.26× or 2,010×."""
    if value is None:
        return formats.UNKNOWN
    return f"{value:,.0f}×" if value >= 100 else f"{value:.3g}×"


def headline(content: Mapping[str, Any], words: Words) -> str:
    """The price of the quality asked for, and how fast it fell."""
    tier = tier_of(content)
    said = {"tier": f"{content['quality']:g}", "price": price(tier["price"], content)}
    fall = tier["fall_per_year"]
    if fall is None or fall < 1.1:
        return words("headline_plain", **said)
    fold = f"{fall:.2g}" if fall < 10 else f"{fall:.0f}"
    return words("headline", times=fold, day=tier["first_day"], **said)


def lede(content: Mapping[str, Any], words: Words) -> str:
    """What a seller should take from it: models get better, the price of one model hardly moves."""
    same = content["same_model"]["fall_per_year"]
    if same is None or same["value"] <= 1:
        return words("lede_plain")
    return words("lede", yearly=f"{100 * (1 - 1 / same['value']):.0f}%")


def notes(content: Mapping[str, Any], words: Words) -> tuple[str, ...]:
    """Warnings that stand above everything else."""
    market, found = content["market"], []
    if market["age_days"] > _FRESH_DAYS:
        found.append(words("old", days=market["age_days"], day=market["built"]))
    if content["task"] and content["task"]["plan"] and content["task"]["plan"]["upper_bound"]:
        found.append(words("plan_upper"))
    if any(rival["observations"] == 1 for rival in content["rivals"]):
        found.append(words("one_observation"))
    return tuple(found)


def key_numbers(content: Mapping[str, Any], words: Words) -> tuple[Number, ...]:
    """The figures at the top."""
    tier, today = tier_of(content), content["today"]
    cheapest = today["cheapest_of_each_seller"][0]
    everything = content["changes"]["by_tier"][0]
    half, cuts = tier["record"]["half_life_months"], everything["cuts_per_model_month"]
    numbers = [
        Number(
            words("cheapest"),
            price(cheapest["price"], content),
            words("cheapest_detail", model=cheapest["model"], seller=cheapest["seller"]),
        ),
        Number(
            words("halved"),
            formats.UNKNOWN if half is None else words("months", n=f"{half['value']:.1f}"),
            words(
                "halved_detail",
                reach=_reach(half, words=words),
                recent=span(tier["last_year"]["half_life_months"], words=words),
            ),
        ),
        _forecast_number(content, words),
        _floor_number(content, words),
        Number(
            words("hazard"),
            formats.percent(cuts["value"]),
            words(
                "hazard_detail",
                reach=_reach(_in_percent(cuts), words=words),
                raises=share_span(everything["raises_per_model_month"], words=words),
            ),
        ),
        _kept_number(everything["kept_180_days"], words),
    ]
    return tuple(number for number in numbers if number is not None)


def _kept_number(kept: Mapping[str, Any] | None, words: Words) -> Number | None:
    if kept is None:
        return None
    reach = _reach(_in_percent(kept), 0, words=words)
    return Number(
        words("kept"), formats.percent(kept["value"], 0), words("kept_detail", reach=reach)
    )


def _forecast_number(content: Mapping[str, Any], words: Words) -> Number | None:
    forecast = content["forecast"]
    if forecast is None:
        return None
    low, high = (price(forecast[side], content) for side in ("low", "high"))
    return Number(
        words("ahead", day=forecast["day"]),
        price(forecast["price"], content),
        words("ahead_detail", low=low, high=high, share=f"{forecast['confidence']:.0%}"),
    )


def _floor_number(content: Mapping[str, Any], words: Words) -> Number | None:
    floor = content["floor"]
    if floor is None:
        return None
    state = "floor_stands" if floor["standing"] else "floor_moves"
    return Number(
        words("floor", tier=f"{floor['tier']:g}"),
        price(floor["price"], content),
        words(state, day=floor["flat_since"]),
    )


def follow_says(content: Mapping[str, Any], words: Words) -> str:
    """Whether sellers follow each other, in one sentence."""
    block = content["followers"]
    if not block["pairs"]:
        return words("follow_few")
    key = "follow_some" if block["more_than_chance"] else "follow_none"
    return words(
        key,
        pairs=block["pairs"],
        found=block["more_than_chance"],
        without=block["more_than_chance_without_likely"],
        days=block["window_days"],
    )


def corrections_say(content: Mapping[str, Any], words: Words) -> str:
    """How much of the catalogue's history is no price change."""
    block = content["corrections"]
    return words(
        "corrections_say",
        changes=f"{block['changes']:,}",
        unit=f"{block['unit_share']:.0%}",
        reverted=f"{block['reverted_share']:.0%}",
        likely=f"{block['likely_share']:.0%}",
        months=tier_of(content)["months_that_differ_without_likely"],
        tier=f"{content['quality']:g}",
    )


def back_says(content: Mapping[str, Any], words: Words) -> str | None:
    """How good such forecasts were; None where the record is too short."""
    forecast = content["forecast"]
    score = None if forecast is None else forecast["backtest"]
    if score is None or score["coverage"] is None:
        return None
    return words(
        "back_say",
        windows=score["windows"],
        origins=score["origins"],
        own=f"{score['error_factor']:.2f}",
        still=f"{score['no_change_factor']:.2f}",
        trend=f"{score['trend_factor']:.2f}",
        coverage=share_span(score["coverage"], 0, words=words),
        gain=span(score["gain_over_no_change"], 2, words=words),
    )
