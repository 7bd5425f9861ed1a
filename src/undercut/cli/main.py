"""The `undercut` command: names the commands, runs one, maps its end to an exit code."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, cast

import typer

import undercut
from undercut.cli.annotate import annotate
from undercut.cli.audit import audit
from undercut.cli.books import books_app
from undercut.cli.clean import clean
from undercut.cli.crawl import crawl
from undercut.cli.data import data_app
from undercut.cli.demand import demand_app
from undercut.cli.deploy import deploy
from undercut.cli.doctor import doctor
from undercut.cli.exit_codes import ExitCode, epilog
from undercut.cli.experiment import experiment
from undercut.cli.failures import fail, tell
from undercut.cli.keys import keys
from undercut.cli.label import label
from undercut.cli.ledger import ledger
from undercut.cli.market import market
from undercut.cli.offer import offer
from undercut.cli.predict import predict
from undercut.cli.price import price
from undercut.cli.run import run
from undercut.cli.serve import serve
from undercut.cli.show import show
from undercut.cli.streams import soften_encodings
from undercut.cli.usage import usage
from undercut.cli.votes import votes
from undercut.cli.war import war

PROGRAM = "undercut"

# typer has brought its own click for a while and needed the real one before: ask it, not click.
_USAGE_ERROR: type[Exception] = next(
    kind
    for kind in typer.BadParameter.__mro__
    if issubclass(kind, Exception) and kind.__name__ == "ClickException"
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"{PROGRAM} {undercut.__version__}")
        raise typer.Exit


def _undercut(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks and the warnings of libraries.")
    ] = False,
) -> None:
    """From a labelled text file to the cheapest model plan that is certified good enough."""


def make_app() -> typer.Typer:
    """All commands, in the order of the help."""
    app = typer.Typer(
        name=PROGRAM,
        # plain help: it starts in half the time, and docs/cli.md is made from it
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "terminal_width": 80},
        epilog=epilog(),
    )
    app.callback()(_undercut)
    making = (clean, crawl, label, annotate, audit, run, predict, show, ledger, doctor)
    operating = (serve, deploy, usage)
    selling = (price, offer, war)
    for command in (*making, *operating, *selling):
        app.command(epilog=None)(command)
    for group in (data_app(), votes, keys, books_app, market, demand_app(), experiment):
        app.add_typer(group)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command line (that of the process where None) and exit with its code."""
    if f"_{PROGRAM.upper()}_COMPLETE" in os.environ:
        make_app()(prog_name=PROGRAM)
    sys.exit(run_command_line(sys.argv[1:] if arguments is None else arguments))


def run_command_line(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; failures are told on stderr."""
    soften_encodings()
    context = None
    # typer's own entry swallows Ctrl-C and closed pipes: its two steps are taken here instead
    group = typer.main.get_group(make_app())
    try:
        try:
            context = group.make_context(PROGRAM, list(arguments) or ["--help"])
            _hush(debug=context.params["debug"])
            with context:
                group.invoke(context)
            code = int(ExitCode.OK)
        except typer.Exit as end:
            code = end.exit_code
        sys.stdout.flush()
        return code
    except _USAGE_ERROR as error:
        return _misused(cast(typer.BadParameter, error))
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the edge of the program
        command = context.invoked_subcommand if context is not None else None
        return fail(error, command=command, debug=bool(context and context.params["debug"]))


def _hush(*, debug: bool) -> None:
    """Warnings of libraries are for programmers: shown with --debug or python -W."""
    if not debug and not sys.warnoptions:
        warnings.simplefilter("ignore")


def _misused(error: typer.BadParameter) -> int:
    path = error.ctx.command_path if error.ctx is not None else PROGRAM
    tell(error.format_message(), f"{path} --help")
    return ExitCode.USAGE


if __name__ == "__main__":
    main()
