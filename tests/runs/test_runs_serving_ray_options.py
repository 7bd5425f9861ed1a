"""What Ray Serve is told, without a cluster."""

from __future__ import annotations

import inspect

import pytest

from undercut.core.errors import ConfigError
from undercut.runs.serving_ray import RayServing, check_books, options


def test_every_option_is_one_that_ray_has_and_every_bound_is_set() -> None:
    serve = pytest.importorskip("ray.serve")
    told = options(RayServing(replicas=3, per_node=2, drain_seconds=5))
    known = inspect.signature(serve.deployment).parameters
    assert set(told) <= set(known)
    assert told["max_queued_requests"] > 0
    assert told["max_ongoing_requests"] > 0
    assert told["graceful_shutdown_timeout_s"] > 5

    class Nothing:
        pass

    assert serve.deployment(Nothing, **told).num_replicas == 3


def test_books_that_one_machine_owns_are_refused() -> None:
    assert check_books("postgresql://me@host/books").startswith("postgresql")
    with pytest.raises(ConfigError, match="PostgreSQL"):
        check_books("sqlite:///books.sqlite")
