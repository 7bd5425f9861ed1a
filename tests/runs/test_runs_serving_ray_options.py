"""What Ray Serve is told, without a cluster."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from undercut.core.errors import ConfigError
from undercut.runs.serving_config import ServeConfig
from undercut.runs.serving_ray import RayServing, check_books, options, replica_config


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


def test_a_replica_is_given_all_settings_as_one_string() -> None:
    given = ServeConfig(plan="out/plan", books="postgresql://me@host/books", log_requests=False)
    inside = replica_config(given)
    assert inside.workers == 0
    assert Path(inside.plan).is_absolute()
    assert not inside.log_requests
    assert ServeConfig.model_validate_json(inside.model_dump_json()) == inside


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"keys": False}, "keys"),
        ({"port": 0}, "port"),
        ({"books": "sqlite:///books.sqlite"}, "PostgreSQL"),
    ],
)
def test_what_cannot_hold_on_a_cluster_is_refused(changes: dict[str, Any], told: str) -> None:
    given = {"plan": "out/plan", "books": "postgresql://me@host/books", **changes}
    with pytest.raises(ConfigError, match=told):
        replica_config(ServeConfig(**given))


def test_books_that_one_machine_owns_are_refused() -> None:
    assert check_books("postgresql://me@host/books").startswith("postgresql")
    with pytest.raises(ConfigError, match="PostgreSQL"):
        check_books("sqlite:///books.sqlite")
