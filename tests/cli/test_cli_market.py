"""`undercut market` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_fakes import Call


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERCUT_MARKET", raising=False)


def test_survey_as_table_and_page(undercut_cli: Call, tmp_path: Path) -> None:
    done = undercut_cli("market", "survey", "--task-tokens", "220,5", "--report", "out.html")
    assert done.code == 0
    assert "Quality 1300 and above costs $0.0284" in " ".join(done.out.split())
    assert "report: out.html" in done.err
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert page.lstrip().startswith("<!DOCTYPE html>")


def test_survey_as_json_with_a_chinese_page(undercut_cli: Call, tmp_path: Path) -> None:
    asked = ("--quality", "1400", "--json", "--language", "zh", "--report", "zh.html", "--quiet")
    done = undercut_cli("market", "survey", *asked)
    assert json.loads(done.out)["quality"] == 1400
    assert done.err == ""
    assert "评分不低于 1400" in (tmp_path / "zh.html").read_text(encoding="utf-8")


def test_backtest_prints_both_baselines(undercut_cli: Call) -> None:
    out = undercut_cli("market", "backtest").out
    assert "no change" in out
    assert "trend" in out
    assert "late, 2025-07 to 2026-04" in out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("survey", "--quality", "1600"), 3, "the best rating is"),
        (("survey", "--quality", "-1"), 2, "quality is an Arena rating"),
        (("survey", "--task-tokens", "5"), 2, "tokens of a request are two numbers"),
        (("survey", "--competitors", "missing.yaml"), 3, "cannot be read"),
        (("survey", "--plan", "missing"), 6, "holds no plan.json"),
        (("survey", "--snapshot", "missing.gz"), 3, "no market snapshot here"),
        (("backtest", "--months", "0"), 2, "must be 1 to 12"),
        (("refresh", "missing.json"), 3, "cannot be read"),
        (("refresh", "http://127.0.0.1/x"), 3, "loopback"),
    ],
)
def test_wrong_input_has_a_clear_answer(
    undercut_cli: Call, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = undercut_cli("market", *arguments)
    assert done.code == code
    assert said in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


def test_refresh_then_backtest_uses_the_own_copy(undercut_cli: Call, tmp_path: Path) -> None:
    from undercut.runs.selling.market_snapshots import pack_market, shipped_market
    from undercut.sell.market.snapshot_format import write_snapshot

    file = tmp_path / "given.json.gz"
    file.write_bytes(pack_market(write_snapshot(shipped_market().snapshot)))
    done = undercut_cli("market", "refresh", str(file), "--json")
    assert done.code == 0
    assert json.loads(done.out)["place"] == "undercut-market.json.gz"
    backtest = json.loads(undercut_cli("market", "backtest", "--json").out)
    assert backtest["market"]["shipped"] is False
