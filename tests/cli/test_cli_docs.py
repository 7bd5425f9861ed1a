"""docs/cli.md is what the help says, and the help says what the config holds."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from cli_fakes import Call

from undercut.runs.config import RunConfig

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("generate_cli", DOCS / "generate_cli.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert page == module.cli_page(), "run python docs/generate_cli.py"


def test_the_page_documents_every_command_and_code() -> None:
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    commands = (
        "run",
        "predict",
        "serve",
        "deploy",
        "show",
        "ledger",
        "crawl",
        "doctor",
        "usage",
        "keys",
        "keys create",
        "keys set",
        "books check",
        "books book",
    )
    for command in commands:
        assert f"## undercut {command}\n" in page
    assert "| 130 |" in page


def test_flags_are_the_fields_of_the_config(undercut_cli: Call) -> None:
    text = undercut_cli("run", "--help").out
    flags = {flag.replace("-", "_") for flag in re.findall(r"^  --([a-z-]+)", text, re.MULTILINE)}
    own = {"config", "fail_if_not_met", "json"}
    assert flags - own == set(RunConfig.model_fields) - {"train"}


def test_defaults_in_the_help_are_those_of_the_config(undercut_cli: Call) -> None:
    text = " ".join(undercut_cli("run", "--help").out.split())
    for name in ("keep", "confidence", "host", "effort", "seed", "out"):
        flag, default = f"--{name}", RunConfig.model_fields[name].default
        said = re.search(rf"{flag} [^\[]*\[default: ([^\]]+)\]", text)
        assert said is not None, name
        assert said[1] == str(default)
