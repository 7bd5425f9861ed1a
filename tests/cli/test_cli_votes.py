"""`undercut votes aggregate`: the table, the JSON, the file it writes."""

from __future__ import annotations

import json
from pathlib import Path

from cli_fakes import Call

ROWS = "item,worker,answer\na,1,yes\na,2,yes\na,3,no\nb,1,no\nb,2,no\nb,3,no\n"


def test_table_json_and_items(undercut_cli: Call, tmp_path: Path) -> None:
    answers, truth, out = tmp_path / "a.csv", tmp_path / "t.csv", tmp_path / "o.csv"
    answers.write_text(ROWS, encoding="utf-8")
    truth.write_text("item,truth\na,yes\nb,no\n", encoding="utf-8")
    shown = undercut_cli(
        "votes", "aggregate", str(answers), "--truth", str(truth), "--method", "all",
        "--out", str(out),
    )  # fmt: skip
    assert shown.code == 0
    assert "dawid_skene_communities *" in shown.out
    assert "Krippendorff's alpha" in shown.out
    assert "2 items" in shown.err
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "item,label,probability,answers,tie,p_yes,p_no"
    assert lines[1].startswith("a,yes,")
    told = json.loads(undercut_cli("votes", "aggregate", str(answers), "--json").out)
    assert told["methods"][0]["accuracy"] is None
    assert [item["label"] for item in told["items"]] == ["yes", "no"]


def test_an_unknown_method_is_no_traceback(undercut_cli: Call, tmp_path: Path) -> None:
    answers = tmp_path / "a.csv"
    answers.write_text(ROWS, encoding="utf-8")
    wrong = undercut_cli("votes", "aggregate", str(answers), "--method", "magic")
    assert wrong.code != 0
    assert "magic" in wrong.err
    assert "Traceback" not in wrong.err
