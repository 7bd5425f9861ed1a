"""The scene of the war tests, and variations of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from war_market import OWN, SCENE

from undercut.sell.pricing.war.scene import Scene


@pytest.fixture
def scene() -> Scene:
    return SCENE


@pytest.fixture
def changed() -> Callable[..., Scene]:
    """The scene with fields of it, of `own`, or of `doubts` replaced."""

    def change(**changes: Any) -> Scene:
        own = {k: changes.pop(k) for k in list(changes) if hasattr(OWN, k)}
        doubts = {k: changes.pop(k) for k in list(changes) if hasattr(SCENE.doubts, k)}
        return dataclasses.replace(
            SCENE,
            own=dataclasses.replace(OWN, **own),
            doubts=dataclasses.replace(SCENE.doubts, **doubts),
            **changes,
        )

    return change
