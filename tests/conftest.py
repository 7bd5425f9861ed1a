"""Which tests may run beside each other where pytest-xdist runs them in several processes."""

from __future__ import annotations

import os

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # processes that each train on every core wait for one another ten times as long as they work
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A file's tests stay together, so that what they share is made once; so do all that look at
    the one real main job of tests/runs, which takes a minute."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        shared = "job" in getattr(item, "fixturenames", ()) and item.path.parent.name == "runs"
        item.add_marker(pytest.mark.xdist_group("the main job" if shared else str(item.path)))
