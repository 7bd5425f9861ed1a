"""What page and terminal say of a war in plain words, in one language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from undercut.runs.report import formats
from undercut.runs.report.words import Words
from undercut.runs.selling import note_words
from undercut.runs.selling.war.content import policy_of
from undercut.sell.pricing.war.scene import Policy

PAGE = "war"
_RISKY = 0.8  # below this chance of survival, cash is the first thing to speak of
_FRACTIONS = {"reconsider", "growth", "progress_ratio", "relent", "cuts", "raises", "undo"}
_FRACTIONS |= {"kept_half_year"}


@dataclass(frozen=True, slots=True)
class Number:
    """One key figure."""

    name: str
    value: str
    detail: str


def money(content: dict[str, Any], amount: float | None) -> str:
    """An amount of the market's currency, whole from 100 on."""
    if amount is None:
        return formats.UNKNOWN
    currency = content["question"]["currency"]
    if abs(amount) < 100:
        return formats.money(round(amount, 6), currency).replace("-", "−")
    symbol = formats.SYMBOLS.get(currency, f"{currency} ")
    sign = "−" if amount < 0 else ""
    return f"{sign}{symbol}{abs(amount):,.0f}"


def chance(value: float) -> str:
    """A probability; near 1 and 0 never rounded to certainty."""
    if 0.9995 <= value < 1.0:
        return ">99.9%"
    if 0.0 < value < 0.0005:
        return "<0.1%"
    return formats.percent(value)


def headline(content: dict[str, Any], words: Words) -> str:
    """The answer in a line."""
    best = policy_of(content, content["answer"]["best"])
    price = best["price"][0]
    return words(f"headline_{best['policy']}", price=money(content, price), **_asked(content))


def lede(content: dict[str, Any], words: Words) -> str:
    """What the answer rests on, in two sentences."""
    best = policy_of(content, content["answer"]["best"])
    survival = best["survival"]
    return words(
        "lede",
        value=money(content, best["value"]),
        low=money(content, best["value_low"]),
        high=money(content, best["value_high"]),
        months=content["simulation"]["months"],
        survival=chance(survival["value"]),
        survival_low=chance(survival["low"]),
        survival_high=chance(survival["high"]),
    )


def _asked(content: dict[str, Any]) -> dict[str, str]:
    question = content["question"]
    return {
        "rival": question["rival"],
        "cut": formats.percent(question["cut"], 0),
        "product": question["product"],
        "now": money(content, question["price"]),
        "version": question["version"] or "",
    }


def to_do(content: dict[str, Any], words: Words) -> list[str]:
    """What to do, the most important first."""
    answer, cash = content["answer"], content["cash"]
    best = policy_of(content, answer["best"])
    said = [
        words(f"do_{best['policy']}", price=money(content, best["price"][0]), **_asked(content))
    ]
    if not answer["clear"]:
        said.append(
            words(
                "do_not_clear",
                best=words.named("policy", answer["best"]),
                next=words.named("policy", answer["next_best"]),
            )
        )
    if answer["safest"] != answer["best"]:
        said.append(words("do_safest", safest=words.named("policy", answer["safest"])))
    if best["survival"]["value"] < _RISKY:
        said.append(
            words(
                "do_cash",
                survival=chance(best["survival"]["value"]),
                monthly=money(content, cash["monthly_costs"]),
            )
        )
    said += list(_find_out(content, words))
    return [*said, words("do_write_down")]


def _find_out(content: dict[str, Any], words: Words) -> Iterator[str]:
    """The doubt that turns the answer, and what knowing everything would be worth."""
    for turn in content["turns"]:
        if turn["best_at_low"] != turn["best_at_high"]:
            yield words(
                "do_find_out",
                doubt=words.named("doubt", turn["doubt"]),
                low=figure(turn["doubt"], turn["low"], content),
                high=figure(turn["doubt"], turn["high"], content),
                at_low=words.named("policy", turn["best_at_low"]),
                at_high=words.named("policy", turn["best_at_high"]),
                worth=money(content, content["answer"]["perfect_information"]),
            )
            return


def not_to_do(content: dict[str, Any], words: Words) -> list[str]:
    """What not to do, the dearest mistake first."""
    best = content["answer"]["best"]
    others = [each for each in content["policies"] if each["policy"] != best]
    top = policy_of(content, best)["value"]
    said = []
    for each in sorted(others, key=lambda p: p["value"]):
        said.append(
            words(
                f"dont_{each['policy']}",
                loss=money(content, top - each["value"]),
                survival=chance(each["survival"]["value"]),
                **_asked(content),
            )
        )
    cost = content["cost"]
    if cost["match_below_floor"] and cost["override"] is None:
        said.append(
            words(
                "dont_below_floor",
                price=money(content, cost["match_price"]),
                floor=money(content, cost["floor"]),
            )
        )
    elif best != Policy.MATCH:
        growth = cost["match_growth"]
        key = "dont_growth" if growth is not None else "dont_no_growth"
        said.append(words(key, growth=formats.percent(growth, 0), **_asked(content)))
    return [*said, words("dont_agree", **_asked(content))]


def key_numbers(content: dict[str, Any], words: Words) -> list[Number]:
    """Six figures at the top."""
    best = policy_of(content, content["answer"]["best"])
    cash, survival = content["cash"], best["survival"]
    first = best["price"][0]
    months = cash["months_of_costs"]
    return [
        Number(
            words("n_price"),
            formats.UNKNOWN if first is None else money(content, first),
            words("n_price_detail", now=money(content, content["question"]["price"])),
        ),
        Number(
            words("n_value"),
            money(content, best["value"]),
            words(
                "n_interval",
                low=money(content, best["value_low"]),
                high=money(content, best["value_high"]),
            ),
        ),
        Number(
            words("n_survival"),
            chance(survival["value"]),
            words("n_interval", low=chance(survival["low"]), high=chance(survival["high"])),
        ),
        Number(
            words("n_regret"),
            money(content, best["regret"]),
            words("n_regret_detail"),
        ),
        Number(
            words("n_cash"),
            money(content, cash["amount"]),
            "" if months is None else words("n_cash_detail", months=f"{months:.3g}"),
        ),
        Number(
            words("n_floor"),
            money(content, content["cost"]["floor"]),
            words("n_floor_detail", marginal=money(content, content["cost"]["marginal"])),
        ),
    ]


def figure(doubt: str, value: float, content: dict[str, Any]) -> str:
    """A value of a doubt in its own unit."""
    if doubt in _FRACTIONS:
        return f"{100 * value:.3g}%".replace("-", "−")
    return f"{value:.3g}"


def supposition(each: dict[str, Any], content: dict[str, Any], words: Words) -> str:
    """What was supposed, in words."""
    if each["kind"] == "cut":
        return words("if_cut", cut=formats.percent(each["value"], 0))
    return words("if_cash", cash=money(content, each["value"]))


def note_says(note: dict[str, Any], words: Words) -> str:
    """A caution in words."""
    return note_words.note_says(words.language, note["text"], note["says"], note["values"])
