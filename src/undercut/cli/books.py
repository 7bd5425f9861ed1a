"""`undercut books`: whether a server's books add up, and their own cost for the ledger."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from undercut.cli.options import AsJson, BooksUrl

books_app = typer.Typer(name="books", rich_markup_mode=None, no_args_is_help=False)


@books_app.callback()
def _books() -> None:
    """Check a server's books, and book what answering cost."""


@books_app.command()
def check(
    ledger: Annotated[
        Path | None,
        typer.Option(metavar="LEDGER", help="Compare a ledger that was booked to as well."),
    ] = None,
    books: BooksUrl = None,
    as_json: AsJson = False,
) -> None:
    """Check that totals, idempotency keys, limits and bookings agree with the rows.

    Reads every row, as of one moment; servers go on meanwhile. Exits with 6 where something does
    not add up.
    """
    from undercut.cli.exit_codes import ExitCode
    from undercut.runs.books import check_books_here

    found = check_books_here(books, ledger=ledger)
    if as_json:
        from undercut.cli.books_table import check_json
        from undercut.cli.streams import print_json

        print_json(check_json(found))
    else:
        from undercut.cli.books_table import render_check
        from undercut.cli.consoles import data_console

        render_check(found, data_console())
    if found.problems:
        raise typer.Exit(ExitCode.STORED)


@books_app.command()
def book(
    ledger: Annotated[
        Path,
        typer.Argument(
            metavar="LEDGER",
            help="Ledger file, made where there is none, or a run's output folder.",
            show_default=False,
        ),
    ],
    through: Annotated[
        datetime | None,
        typer.Option(
            metavar="YYYY-MM-DD", formats=["%Y-%m-%d"], help="Last UTC day; yesterday by default."
        ),
    ] = None,
    books: BooksUrl = None,
    as_json: AsJson = False,
) -> None:
    """Book what answering cost to a ledger: what is not booked yet, by day and plan.

    Always give the same ledger for the same books. Booking again books nothing twice.
    """
    from undercut.cli.books_table import booked_json, render_booked
    from undercut.runs.books import book_serving_cost, open_books_here

    last = None if through is None else through.date()
    with open_books_here(books, make=False) as opened:
        done = book_serving_cost(opened, ledger, through=last)
    if as_json:
        from undercut.cli.streams import print_json

        print_json(booked_json(done))
    else:
        from undercut.cli.consoles import data_console

        render_booked(done, data_console())
