"""`undercut doctor`: what will be used on this machine, and what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from undercut.cli.options import AsJson

if TYPE_CHECKING:
    from undercut.runs.doctor import Diagnosis


def doctor(
    host: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Row of the price list.  [default: c7i.large]"),
    ] = None,
    prices: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Price rows that win over the shipped ones."),
    ] = None,
    folder: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder whose disk is looked at.")
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Show cores, memory, engines, encoders and prices: what will be used here."""
    from undercut.runs.config import RunConfig
    from undercut.runs.doctor import diagnose

    default = str(RunConfig.model_fields["host"].default)
    found = diagnose(host=host or default, prices=tuple(prices or ()), folder=folder)
    if as_json:
        from undercut.cli.streams import print_json

        print_json(_json(found))
    else:
        from undercut.cli.consoles import data_console
        from undercut.cli.doctor_table import render_diagnosis

        render_diagnosis(found, data_console())


def _json(found: Diagnosis) -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(found), "price": found.price.model_dump(mode="json")}
