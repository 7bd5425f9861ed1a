"""The Python front door: same settings as the config, paths welcome, nothing loaded early."""

from __future__ import annotations

import sys
import tomllib
import types
from pathlib import Path

import pytest

import undercut
from undercut.core.errors import ConfigError
from undercut.runs.config import RunConfig
from undercut.runs.front_door import RunSettings


@pytest.fixture
def configs(monkeypatch: pytest.MonkeyPatch) -> list[RunConfig]:
    """The configs the main job was called with; it is replaced, so torch need not load."""
    seen: list[RunConfig] = []
    module = types.ModuleType("undercut.runs.main_job")
    module.run = lambda config, *, progress=None: seen.append(config)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "undercut.runs.main_job", module)
    return seen


def test_settings_paths_and_none(configs: list[RunConfig], tmp_path: Path) -> None:
    undercut.run(
        tmp_path / "工单.csv", keep=0.97, out=tmp_path, prices=[tmp_path / "p.yaml"], budget=None
    )
    assert configs == [
        RunConfig(
            train=str(tmp_path / "工单.csv"),
            keep=0.97,
            out=str(tmp_path),
            prices=(str(tmp_path / "p.yaml"),),
        )
    ]


def test_a_config_goes_through_as_it_is(configs: list[RunConfig]) -> None:
    config = undercut.RunConfig(train="a.csv")
    undercut.run(config)
    assert configs[0] is config


def test_a_config_and_settings_contradict(configs: list[RunConfig]) -> None:
    with pytest.raises(ConfigError, match="keep"):
        undercut.run(RunConfig(train="a.csv"), keep=0.9)
    assert configs == []


def test_wrong_settings_are_named(configs: list[RunConfig]) -> None:
    with pytest.raises(ConfigError, match="unknown setting 'kep'"):
        undercut.run("a.csv", kep=0.9)  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match="keep"):
        undercut.run("a.csv", keep=99)


def test_the_typed_settings_are_those_of_the_config() -> None:
    assert set(RunSettings.__annotations__) == set(RunConfig.model_fields) - {"train"}


def test_public_names() -> None:
    assert {"run", "load", "RunConfig", "__version__"} <= set(dir(undercut))
    with pytest.raises(AttributeError, match="nothing_like_that"):
        _ = undercut.nothing_like_that  # type: ignore[attr-defined]


def test_load_is_the_plans_own() -> None:
    from undercut.models.plan import load_plan

    assert undercut.load is load_plan


def test_the_version_is_that_of_the_package() -> None:
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    declared = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["version"]
    assert undercut.__version__ == declared
