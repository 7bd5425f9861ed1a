"""`undercut ledger`: what each step of an output folder cost, and whether the books add up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from undercut.cli.exit_codes import ExitCode
from undercut.cli.options import AsJson, OutFolder
from undercut.core.errors import ArtefactError, LedgerError

if TYPE_CHECKING:
    from undercut.core.ledger import Ledger
    from undercut.core.ledger_entries import Entry


def ledger(out: OutFolder, as_json: AsJson = False) -> None:
    """Show what each step of a run cost, and check that the books add up.

    Exits with 6 where they do not.
    """
    from undercut.core.ledger import Ledger

    with Ledger.open(_ledger_file(out)) as book:
        problems = book.verify()
        entries = _readable(book)
    if as_json:
        from undercut.cli.ledger_json import ledger_json
        from undercut.cli.streams import print_json

        print_json(ledger_json(entries, problems))
    else:
        from undercut.cli.consoles import data_console
        from undercut.cli.ledger_table import render_ledger

        render_ledger(entries, problems, data_console())
    if problems:
        raise typer.Exit(ExitCode.STORED)


def _readable(book: Ledger) -> tuple[Entry, ...]:
    """The entries; none where the file is too damaged, which `verify` then says."""
    try:
        return book.entries()
    except LedgerError:
        return ()


def _ledger_file(out: Path) -> Path:
    """The folder's ledger. Opening makes what is missing, and looking must not."""
    from undercut.runs.stages import LEDGER_FILE

    path = out if out.is_file() else out / LEDGER_FILE
    if not path.is_file():
        raise ArtefactError(
            f"{out} holds no {LEDGER_FILE}, so it is not the output folder of a run",
            hint="give the folder named by --out",
        )
    return path
