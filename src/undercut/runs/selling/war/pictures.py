"""Which pictures the page of a war shows."""

from __future__ import annotations

from typing import Any, TypedDict

from markupsafe import Markup

from undercut.runs.report.words import Words
from undercut.runs.selling.war.content import policy_of
from undercut.runs.selling.war.figures.curves import Curve, curves_figure
from undercut.runs.selling.war.figures.fan import fan_figure
from undercut.runs.selling.war.sentences import chance, money
from undercut.sell.pricing.war.scene import Policy

WIDE, HALF, NARROW = 760, 370, 350


class Pair(TypedDict):
    """One picture twice: for a page and for a telephone."""

    wide: Markup
    narrow: Markup


def survival_picture(content: dict[str, Any], words: Words) -> Pair:
    """Chance of not having run out of cash, one line a policy."""
    best = content["answer"]["best"]
    curves = [
        Curve(
            words.named("policy", each["policy"]),
            f"p-{each['policy']}",
            each["survival"]["by_month"],
            strong=each["policy"] == best,
        )
        for each in content["policies"]
    ]
    listed = ", ".join(
        f"{words.named('policy', p['policy'])} {chance(p['survival']['value'])}"
        for p in content["policies"]
    )
    drawn = [
        curves_figure(
            curves,
            width=width,
            height=300,
            name=f"survival-{which}",
            title=words("survival"),
            description=words("survival_alt", list=listed),
            unit=words("survival_axis"),
            months=words("months_axis"),
        )
        for width, which in ((WIDE, "w"), (NARROW, "n"))
    ]
    return Pair(wide=Markup(drawn[0]), narrow=Markup(drawn[1]))


def cash_pictures(content: dict[str, Any], words: Words) -> list[tuple[str, Markup]]:
    """Cash under the best policy and under matching (or the next best), beside each other."""
    answer = content["answer"]
    other = Policy.MATCH if answer["best"] != Policy.MATCH else answer["next_best"]
    return [(_title(p, words), _cash(content, p, words)) for p in (answer["best"], other)]


def _title(policy: str, words: Words) -> str:
    return words("cash_under", policy=words.named("policy", policy))


def _cash(content: dict[str, Any], policy: str, words: Words) -> Markup:
    quantiles = policy_of(content, policy)["cash"]["quantiles"]
    return Markup(
        fan_figure(
            quantiles,
            content["cash"]["amount"],
            width=HALF,
            height=260,
            name=f"cash-{policy}",
            title=_title(policy, words),
            description=words(
                "cash_alt",
                policy=words.named("policy", policy),
                low=money(content, quantiles[0][-1]),
                middle=money(content, quantiles[2][-1]),
                high=money(content, quantiles[4][-1]),
            ),
            unit=words("cash_axis", currency=content["question"]["currency"]),
            months=words("months_axis"),
            currency=content["question"]["currency"],
        )
    )
