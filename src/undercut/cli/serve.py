"""`undercut serve`: a plan as an API."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from undercut.cli.options import BooksUrl, Quiet


class EngineChoice(StrEnum):
    """Values of --engine."""

    LOCAL = "local"
    RAY = "ray"


def serve(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan folder, such as out/plan.")],
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="0 takes any.")] = 8700,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Processes that answer, beside the one that speaks HTTP; 0 answers in its "
            "threads.  [default: by the cores and the plan]",
        ),
    ] = None,
    books: BooksUrl = None,
    keys: Annotated[
        bool, typer.Option("--keys/--no-keys", help="Ask callers for keys of `undercut keys`.")
    ] = True,
    expose: Annotated[
        bool, typer.Option("--expose", help="With --no-keys: answer other machines all the same.")
    ] = False,
    follow: Annotated[
        bool,
        typer.Option("--follow/--no-follow", help="Serve what deployments in the books ask for."),
    ] = True,
    requests: Annotated[
        int, typer.Option(metavar="N", min=1, help="Answered at once; further ones get 503.")
    ] = 512,
    drain: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=1, help="For requests at work when told to stop."),
    ] = 30.0,
    engine: Annotated[
        EngineChoice, typer.Option(help="Where it runs: on this machine, or on a Ray cluster.")
    ] = EngineChoice.LOCAL,
    replicas: Annotated[
        int, typer.Option(metavar="N", min=1, help="With --engine ray: servers in the cluster.")
    ] = 2,
    ray_address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="With --engine ray: a running cluster, as auto or host:port.  [default: its own]",
        ),
    ] = None,
    tracing: Annotated[
        bool, typer.Option("--tracing", help="OpenTelemetry spans (undercut[otel]).")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Serve a plan over HTTP: docs at /docs, metrics at /metrics.

    Every answer is in the books before it goes out. SIGTERM and Ctrl-C answer what is at work,
    then end with exit code 0. Logs are JSON on stderr; --quiet leaves out the line a request.
    """
    from undercut.operate.serving.http.limits import HttpLimits
    from undercut.runs.serving import check_packages
    from undercut.runs.serving import serve as serve_plan
    from undercut.runs.serving_config import ServeConfig

    config = ServeConfig(
        plan=str(plan),
        host=host,
        port=port,
        workers=workers,
        books=books,
        keys=keys,
        expose=expose,
        follow=follow,
        log_requests=not quiet,
        tracing=tracing,
        limits=HttpLimits(concurrent_requests=requests, drain_seconds=drain),
    )
    if engine is EngineChoice.RAY:
        from undercut.runs.serving_ray import serve_plan_on_ray

        check_packages(config)
        serve_plan_on_ray(config, replicas=replicas, address=ray_address)
    else:
        serve_plan(config)
