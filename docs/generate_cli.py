"""Writes docs/cli.md from the real help texts: `python docs/generate_cli.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from undercut.cli.exit_codes import MEANINGS
from undercut.cli.main import PROGRAM, make_app

PAGE = Path(__file__).with_name("cli.md")

HEAD = """\
# The command line

Made from `undercut --help` by `docs/generate_cli.py`; change the help texts, not this page.

Results go to stdout, progress and remarks to stderr: `undercut run ... --json > report.json`
writes JSON and nothing else. Colours follow `NO_COLOR`; without a terminal there are plain lines.
A configuration file is read only where `--config` names it, and flags win over it. In Python,
`undercut.run("tickets.csv", keep=0.99)` takes the same settings.

## Exit codes

| code | meaning |
|---|---|
"""


def cli_page() -> str:
    """The whole page."""
    codes = "".join(f"| {code.value} | {meaning} |\n" for code, meaning in MEANINGS.items())
    group = typer.main.get_group(make_app())
    with group.make_context(PROGRAM, ["doctor"]) as context:
        # that completion can be installed depends on the shell around; its options are left out
        group.params = [p for p in group.params if "completion" not in (p.name or "")]
        sections = [_section(PROGRAM, group.get_help(context))]
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if command is not None:
                sections += _sections(command, name, context)
    return HEAD + codes + "".join(sections)


def _sections(command: Any, name: str, parent: typer.Context) -> list[str]:
    """A command's help; that of a group is followed by its commands'."""
    context = typer.Context(command, info_name=name, parent=parent)
    sections = [_section(context.command_path, command.get_help(context))]
    for inner in getattr(command, "commands", {}).items():
        sections += _sections(inner[1], inner[0], context)
    return sections


def _section(title: str, text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return f"\n## {title}\n\n```text\n{lines.strip()}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(cli_page(), encoding="utf-8")
