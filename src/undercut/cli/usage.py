"""`undercut usage`: what a tenant used in a month, and its export for billing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from undercut.cli.options import AsJson, BooksUrl, Tenant


def usage(
    tenant: Tenant,
    month: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM", help="UTC month of admission; this one by default."),
    ] = None,
    cloudevents: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write each request as a CloudEvent, one a line."),
    ] = None,
    books: BooksUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show what a tenant used in a month: requests, inputs, tokens, own cost."""
    from undercut.operate.metering.usage import check_month
    from undercut.operate.metering.usage import usage as usage_of
    from undercut.runs.books import open_books_here

    chosen = check_month(month or f"{datetime.now(UTC):%Y-%m}")
    with open_books_here(books) as opened:
        found = opened.read(lambda connection: usage_of(connection, tenant, chosen))
        if cloudevents is not None:
            from undercut.runs.usage_export import export_cloud_events

            export_cloud_events(opened, tenant, chosen, cloudevents)
    if as_json:
        from undercut.cli.streams import print_json
        from undercut.cli.usage_table import usage_json

        print_json(usage_json(found))
    else:
        from undercut.cli.consoles import data_console
        from undercut.cli.usage_table import render_usage

        render_usage(found, data_console())
