"""The terminal table: fits 80 columns, respects NO_COLOR, speaks both languages."""

from __future__ import annotations

import io

import pytest
from report_samples import CHINESE, SAMPLES, certified, not_met
from rich.cells import cell_len
from rich.console import Console

from undercut.runs.report.terminal import render_terminal
from undercut.runs.report.words import LANGUAGES


def shown(name: str, language: str, *, width: int = 80, terminal: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=terminal)
    render_terminal(SAMPLES[name](), console, language)
    return out.getvalue()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SAMPLES)
def test_fits_eighty_columns(name: str, language: str) -> None:
    text = shown(name, language)
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert "93.7%" in text


def test_colour_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[1;32m" in shown("certified", "en", terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1;32m" not in shown("certified", "en", terminal=True)


def test_class_names_are_neither_markup_nor_escape_codes() -> None:
    report = certified(("[red]a[/red]", "\x1b[31mb"))
    out = io.StringIO()
    render_terminal(report, Console(file=out, width=80))
    assert "[red]a[/red]" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_not_met_tells_what_would_help() -> None:
    out = io.StringIO()
    render_terminal(not_met(), Console(file=out, width=80))
    assert "4,300 instead of 1,600" in out.getvalue()
    assert "Two classes have fewer" in out.getvalue()


def test_chinese_by_the_reports_own_language() -> None:
    out = io.StringIO()
    render_terminal(SAMPLES["no_test_file"](), Console(file=out, width=80))
    assert "已认证" in out.getvalue()
    assert CHINESE[0] in out.getvalue()
