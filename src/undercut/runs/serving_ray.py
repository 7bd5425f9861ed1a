"""`undercut serve --engine ray`: the same application as replicas on Ray Serve.

Every limit that Ray leaves open is set: places in a replica, the queue in front of it, the time to
drain, the health check, how replicas are replaced. See decision 0011 and docs/serving_at_scale.md.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from pydantic import BaseModel, ConfigDict, Field

from undercut.core.errors import ConfigError, MissingExtraError
from undercut.operate.serving.ray_replica import RayReplica
from undercut.runs.books import books_url
from undercut.runs.serving_config import ServeConfig

NAME: Final = "undercut"
BUILDER: Final = "undercut.runs.serving:replica_application"
PORT: Final = 8700
# Ray waits so much longer than the application: that one drains first.
_GRACE_SECONDS: Final = 10.0
_STATUS_SECONDS: Final = 1.0
_ROUTES_SECONDS: Final = 30.0


class RayServing(BaseModel):
    """How many replicas, and how much each may have in hand.

    address: of a running cluster ('auto' finds the one of this machine); None starts a local one.
    replicas: of the server. replica_cpus: cores that Ray keeps for each; give the engine as many.
    per_node: replicas on one machine at most.
    ongoing_requests: in one replica at once; below the application's own limit, so that a replica
    refuses only what Ray has misjudged. queued_requests: waiting in each proxy beyond that;
    further ones get 503 with Retry-After at once. request_seconds: the longest a request may take
    in all. drain_seconds: for requests in hand when a replica stops.
    health_seconds: between health checks, and for each to answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=PORT, ge=1, le=65535)
    replicas: int = Field(default=2, ge=1, le=1000)
    replica_cpus: float = Field(default=1.0, gt=0)
    per_node: int | None = Field(default=None, ge=1, le=100)
    ongoing_requests: int = Field(default=64, ge=1)
    queued_requests: int = Field(default=128, ge=1)
    retry_after_seconds: float = Field(default=1.0, gt=0)
    request_seconds: float = Field(default=310.0, gt=0)
    drain_seconds: float = Field(default=30.0, gt=0)
    health_seconds: float = Field(default=10.0, gt=0)
    start_attempts: int = Field(default=3, ge=1)


def check_books(url: str) -> str:
    """Books that all replicas can write; ConfigError for SQLite, which has one writer."""
    if not url.startswith(("postgresql://", "postgresql+psycopg://")):
        raise ConfigError(
            "--engine ray needs books in PostgreSQL: replicas on several machines write them",
            hint="--books postgresql://user@host/database",
        )
    return url


def serve_plan_on_ray(config: ServeConfig, *, replicas: int, address: str | None) -> None:
    """`undercut serve --engine ray`: blocks until told to stop.

    The engine answers in a replica's own threads unless workers are asked for. Raises as
    `serve_on_ray`, and ConfigError for settings that cannot hold on a cluster.
    """
    inside = replica_config(config)
    serve_on_ray(
        {"config": inside.model_dump_json()},
        RayServing(
            address=address,
            host=config.host,
            port=config.port,
            replicas=replicas,
            replica_cpus=max(1, inside.workers or 0),
            ongoing_requests=min(64, config.limits.concurrent_requests),
            request_seconds=config.limits.longest_deadline_seconds + _GRACE_SECONDS,
            drain_seconds=config.limits.drain_seconds,
        ),
    )


def replica_config(config: ServeConfig) -> ServeConfig:
    """What each replica is given; ConfigError for SQLite, for no keys, for port 0."""
    if not config.keys:
        raise ConfigError(
            "--engine ray always asks for keys: behind its proxy nobody is known to be local",
            hint="undercut keys create TENANT",
        )
    if config.port == 0:
        raise ConfigError("--engine ray needs a port: every machine listens on the same one")
    return config.model_copy(
        update={
            "plan": str(Path(config.plan).resolve()),
            "books": check_books(books_url(config.books)),
            "workers": config.workers or 0,
        }
    )


def serve_on_ray(arguments: Mapping[str, str], config: RayServing, builder: str = BUILDER) -> None:
    """Serve until SIGTERM or SIGINT, then drain; blocks.

    arguments: strings for the builder; the paths among them are read on every node.
    builder: 'package.module:function', importable on every node, gives the application.
    Raises MissingExtraError without Ray, ConfigError where the replicas cannot start.
    """
    _ray_serve()
    _connect(config)
    # Ray's own handlers, set while connecting, abort the process: ours come after them.
    with _told_to_stop() as stop:
        try:
            start_on_ray(arguments, config, builder)
            while not stop.wait(_STATUS_SECONDS):
                pass
        finally:
            stop_on_ray(config)


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def start_on_ray(arguments: Mapping[str, str], config: RayServing, builder: str = BUILDER) -> None:
    """Connect to the cluster, or start a local one, and return when it answers."""
    serve = _ray_serve()
    _connect(config)
    serve.start(
        proxy_location="EveryNode",
        http_options={
            "host": config.host,
            "port": config.port,
            "request_timeout_s": config.request_seconds,
        },
    )
    deployment = serve.deployment(serve.ingress()(RayReplica), **options(config))
    try:
        serve.run(deployment.bind(builder, dict(arguments)), name=NAME, route_prefix="/")
    except RuntimeError as error:
        raise ConfigError(
            f"the replicas did not start: {error}", hint="ray logs and the dashboard say why"
        ) from error
    _until_proxy_knows(config)


def stop_on_ray(config: RayServing) -> None:
    """Drain and take the application away; a local cluster ends with it, another one goes on."""
    import ray

    serve = _ray_serve()
    serve.delete(NAME)
    if config.address is None:
        serve.shutdown()
        ray.shutdown()


def options(config: RayServing) -> dict[str, Any]:
    """Of the Ray Serve deployment; nothing that bounds is left at its default."""
    return {
        "name": NAME,
        # The application writes a line for each request itself.
        "logging_config": {"enable_access_log": False},
        "num_replicas": config.replicas,
        "ray_actor_options": {"num_cpus": config.replica_cpus},
        "max_replicas_per_node": config.per_node,
        "max_ongoing_requests": config.ongoing_requests,
        "max_queued_requests": config.queued_requests,
        "backpressure_config": {
            "status_code": 503,
            "retry_after_s": config.retry_after_seconds,
        },
        "graceful_shutdown_wait_loop_s": min(1.0, config.drain_seconds),
        "graceful_shutdown_timeout_s": config.drain_seconds + _GRACE_SECONDS,
        "health_check_period_s": config.health_seconds,
        "health_check_timeout_s": config.health_seconds,
        "max_constructor_retry_count": config.start_attempts,
        # A new replica is ready before an old one stops: rolling updates drop nothing. The
        # cluster needs room for a quarter of the replicas more, for one at least.
        "max_surge_percent": 25,
    }


def _until_proxy_knows(config: RayServing) -> None:
    """Wait until the proxy of this machine sends requests to the replicas.

    Ray calls an application ready before its proxies have heard of it; they answer 404 until
    then. A machine without a proxy is not waited for: nobody asks it.
    """
    host = "127.0.0.1" if config.host == "0.0.0.0" else config.host
    until = time.monotonic() + _ROUTES_SECONDS
    while time.monotonic() < until:
        try:
            with urlopen(f"http://{host}:{config.port}/health/ready", timeout=_STATUS_SECONDS):
                return
        except HTTPError as error:
            error.close()
        except URLError as error:
            if isinstance(error.reason, ConnectionRefusedError):
                return
        except TimeoutError:
            pass  # a replica that is busy is asked again
        time.sleep(0.1)


def _connect(config: RayServing) -> None:
    import ray

    if ray.is_initialized():
        return
    # Nothing is reported to anybody unless the operator turns it on.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray.init(
            address=config.address or "local",
            namespace=NAME,
            include_dashboard=False if config.address is None else None,
            log_to_driver=False,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ConfigError(f"no Ray cluster at {config.address!r}: {error}") from error


def _ray_serve() -> Any:
    if find_spec("ray") is None:
        raise MissingExtraError("ray", "ray", "--engine ray")
    from ray import serve

    return serve


_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
