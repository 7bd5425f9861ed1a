"""`undercut war`: a rival has cut its price; what each answer earns and whether it is survived."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from undercut.cli.offer import override_of
from undercut.cli.options import AsJson, Language
from undercut.cli.price import MarketFile, PlanFolder, PriceLists


def war(
    plan: PlanFolder,
    rival: Annotated[str, typer.Option(metavar="FIRM", help="The firm that cut its price.")],
    cut: Annotated[str, typer.Option(metavar="PERCENT", help="By how much, as 50%.")],
    market: MarketFile = Path("market.yaml"),
    cash: Annotated[
        str | None,
        typer.Option(
            metavar="CASH",
            help="Money in the bank: 12months of costs that run whatever is sold, or 25000usd."
            "  [default: cash of the market file]",
        ),
    ] = None,
    months: Annotated[int, typer.Option(metavar="N", min=1, max=240, help="How long.")] = 36,
    paths: Annotated[int, typer.Option(metavar="N", min=100, help="Simulated paths.")] = 20_000,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Same seed, same result.")] = 0,
    also: Annotated[
        list[Path] | None,
        typer.Option(
            "--also",
            metavar="PLAN",
            help="A cheaper plan to sell beside, besides those of the run's frontier.",
        ),
    ] = None,
    rival_does: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=WEIGHT]",
            help="How the rival goes on: history, follow, undercut, stay, learn or burn; can be "
            "repeated.  [default: all alike]",
        ),
    ] = None,
    override: Annotated[
        str | None, typer.Option(metavar="WHY", help="Go below the floor; the report keeps why.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who allows prices below the floor.")
    ] = None,
    tier: Annotated[
        str, typer.Option(metavar="NAME", help="Whose price history rivals go by.")
    ] = "all",
    snapshot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Market snapshot of your own.")
    ] = None,
    prices: PriceLists = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write war.html and war.json here.")
    ] = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Answer a rival's price cut: hold, match, answer best, differentiate, or leave.

    Profit, share, cash and survival of each over time, with intervals; what would change the
    answer. Prices never go below the floor unless a reason is recorded.
    """
    from undercut.runs.selling.war.job import fight_and_report
    from undercut.runs.selling.war.request import WarRequest, parse_cut, parse_weights

    chosen = "en" if language is None else language.value
    request = WarRequest(
        plan=plan,
        market=market,
        rival=rival,
        cut=parse_cut(cut),
        cash=cash,
        paths=paths,
        months=months,
        seed=seed,
        also=tuple(also or ()),
        override=override_of(override, by),
        tier=tier,
        snapshot=snapshot,
        prices=tuple(prices or ()),
        weights=parse_weights(rival_does or ()),
    )
    content = fight_and_report(request, now=datetime.now(UTC), language=chosen, out=out)
    if as_json:
        from undercut.cli.streams import print_json

        print_json(content)
        return
    from undercut.cli.consoles import data_console, remark_console
    from undercut.runs.selling.war.terminal import render_war

    render_war(content, data_console(), chosen)
    if out is not None:
        remark_console().print(f"{out / 'war.html'}\n{out / 'war.json'}", markup=False)
