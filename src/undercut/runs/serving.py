"""`undercut serve`: a plan, keys and books joined into a server.

The rooms do not know each other: serving gets a gate, books and an engine handed in here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import undercut
from undercut.core.errors import MissingExtraError
from undercut.runs.books import open_books_here
from undercut.runs.serving_config import ServeConfig, check_exposure

if TYPE_CHECKING:
    from undercut.operate.metering.books import OpenBooks
    from undercut.operate.serving.http.app import Application

_PACKAGES = ("uvicorn", "httptools", "orjson", "prometheus_client", "sqlalchemy")


def serve(config: ServeConfig) -> None:
    """Serve until SIGTERM or SIGINT, then drain; blocks.

    Raises MissingExtraError, ConfigError (a port in use, strangers without keys), ArtefactError
    (no whole plan), BooksUnavailableError.
    """
    check_exposure(config)
    check_packages(config)
    from undercut.operate.serving.http.server import bind, serve_until_stopped

    listener = bind(config.host, config.port)
    try:
        with joined(config) as application:
            serve_until_stopped(application, [listener])
    finally:
        listener.close()


@contextmanager
def joined(config: ServeConfig) -> Iterator[Application]:
    """An application over the books, which are closed when it has ended."""
    with open_books_here(config.books) as books:
        yield make_application(config, books)


def make_application(
    config: ServeConfig, books: OpenBooks, *, closing: Callable[[], None] | None = None
) -> Application:
    """The application of one server process; nothing is started.

    closing: done when it has stopped.
    """
    from undercut.operate.serving.deploy.deployments import Deployments
    from undercut.operate.serving.engine.settings import EngineSettings
    from undercut.operate.serving.http.app import Application
    from undercut.operate.serving.http.log import JsonLog
    from undercut.operate.serving.http.services import make_services
    from undercut.runs.serving_figures import engine_figures
    from undercut.runs.serving_history import following, recorder
    from undercut.runs.serving_keyless import KeylessGate
    from undercut.runs.serving_tracing import make_tracer
    from undercut.runs.serving_usage import BooksUsage

    settings = EngineSettings(workers=config.workers)
    deployments = Deployments(config.plan, settings, record=recorder(books))
    services = make_services(
        deployments,
        books.gate if config.keys else KeylessGate(books.gate),
        books,
        BooksUsage(books),
        limits=config.limits,
        figures=(engine_figures(deployments.queue_state),),
        version=undercut.__version__,
    )
    follow = (following(books, deployments, config.plan),) if config.follow else ()
    return Application(
        services,
        log=JsonLog(requests=config.log_requests),
        tracer=make_tracer() if config.tracing else None,
        background=(books.be_helped, *follow),
        closing=closing,
    )


def replica_application(config: str) -> Application:
    """For Ray Serve (`runs.serving_ray`): built where it runs; config: `ServeConfig` as JSON."""
    parsed = ServeConfig.model_validate_json(config)
    opened = open_books_here(parsed.books)
    return make_application(parsed, opened, closing=opened.close)


def check_packages(config: ServeConfig) -> None:
    """MissingExtraError where something that serving needs is not installed."""
    for package in _PACKAGES:
        if find_spec(package) is None:
            raise MissingExtraError(package, "serve", "serving over HTTP")
    if config.tracing:
        from undercut.runs.serving_tracing import check_tracing

        check_tracing()
