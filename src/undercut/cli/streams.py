"""Data on stdout as UTF-8, and terminals that cannot show a character."""

from __future__ import annotations

import io
import json
import sys


def print_json(content: object) -> None:
    """One JSON document on stdout."""
    write_data(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def write_data(text: str) -> None:
    """Text on stdout as UTF-8, whatever the terminal's encoding: JSON and CSV are that."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text)


def soften_encodings() -> None:
    """Where a terminal cannot show a character, show its code instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
