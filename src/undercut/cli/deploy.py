"""`undercut deploy`: another plan for running servers, at once, on a share, or in shadow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from undercut.cli.exit_codes import ExitCode
from undercut.cli.options import AsJson, BooksUrl
from undercut.core.errors import ConfigError

if TYPE_CHECKING:
    from undercut.operate.metering.books import OpenBooks
    from undercut.runs.deploying import Ordered


def deploy(
    plan: Annotated[
        Path | None,
        typer.Argument(metavar="PLAN", help="Plan folder, such as new/plan.", show_default=False),
    ] = None,
    canary: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="Try it on a share of the requests, such as 10%."),
    ] = None,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Let it answer copies that nobody gets.")
    ] = False,
    promote: Annotated[
        bool, typer.Option("--promote", help="Give the plan on trial all of the traffic.")
    ] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="End the trial, or go back to the plan before.")
    ] = False,
    history: Annotated[
        bool, typer.Option("--history", help="Show orders and what became of them.")
    ] = False,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the history.")] = "",
    wait: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, help="For a server to follow the order."),
    ] = 30.0,
    books: BooksUrl = None,
    as_json: AsJson = False,
) -> None:
    """Change what running servers answer with, without dropping a request.

    The order goes into the books; every server process that keeps its books there follows it
    within about a second, and so does one that starts later. A plan on trial is compared with the
    current one and taken back by itself where it is worse.
    """
    from undercut.cli.deploy_table import ordered_json, render_history, say
    from undercut.cli.streams import print_json
    from undercut.runs.books import open_books_here
    from undercut.runs.deploying import history as history_of

    _check(plan, canary, shadow, promote, rollback, history)
    with open_books_here(books) as opened:
        if history:
            render_history(history_of(opened), as_json=as_json)
            return
        ordered = _give(opened, plan, canary, shadow, promote, rollback, note, wait)
    if as_json:
        print_json(ordered_json(ordered))
    else:
        say(ordered)
    if ordered.outcome is not None and ordered.outcome.action == "failed":
        raise typer.Exit(ExitCode.STORED)


def _give(
    books: OpenBooks,
    plan: Path | None,
    canary: str | None,
    shadow: bool,
    promote: bool,
    rollback: bool,
    note: str,
    wait: float,
) -> Ordered:
    from undercut.operate.serving.deploy.events import Action
    from undercut.runs.deploying import give_order, parse_share

    share = None if canary is None else parse_share(canary)
    action = Action.DEPLOY
    if share is not None:
        action = Action.CANARY
    elif shadow:
        action = Action.SHADOW
    elif promote:
        action = Action.PROMOTE
    elif rollback:
        action = Action.ROLLBACK
    return give_order(books, action, plan, share=share, note=note, wait_seconds=wait)


def _check(
    plan: Path | None,
    canary: str | None,
    shadow: bool,
    promote: bool,
    rollback: bool,
    history: bool,
) -> None:
    """ConfigError unless exactly one thing is asked for."""
    alone = [promote, rollback, history]
    if sum(alone) + (plan is not None) != 1:
        raise ConfigError(
            "give a plan folder, or one of --promote, --rollback and --history",
            hint="undercut deploy new/plan --canary 10%",
        )
    if canary is not None and shadow:
        raise ConfigError("--canary and --shadow exclude each other")
    if any(alone) and (canary is not None or shadow):
        raise ConfigError("--canary and --shadow go with a plan folder")
