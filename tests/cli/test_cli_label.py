"""`undercut label` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from undercut.cli.exit_codes import ExitCode
from undercut.cli.main import run_command_line

WORKERS = """
- name: expert
  kind: people
  price: 0.10 usd
  accuracy: 0.99
  format: csv
"""


def test_resume_needs_a_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["label", "resume", str(tmp_path)]) == ExitCode.STORED
    assert "holds no labelling job" in capsys.readouterr().err
    assert run_command_line(["label", "resume"]) == ExitCode.USAGE


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["texts.csv", "--budget", "5usd"], "--workers is missing"),
        (["texts.csv", "--workers", "w.yaml"], "--budget is missing"),
        (["texts.csv", "--workers", "w.yaml", "--budget", "five"], "not an amount of money"),
        (
            ["texts.csv", "--workers", "w.yaml", "--budget", "5usd", "--target-error", "2"],
            "target_error",
        ),
        (["texts.csv", "other.csv"], "one table of texts"),
        *(
            (
                ["texts.csv", "--workers", "w.yaml", "--budget", "5usd", *alone],
                f"{alone[0]} says something of --then-run, which is missing",
            )
            for alone in (["--choose", "random"], ["--point-worth", "5usd"], ["--effort", "quick"])
        ),
    ],
)
def test_wrong_use_is_told(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(["label", *arguments]) == ExitCode.USAGE
    assert says in capsys.readouterr().err


def test_forecast_and_waiting_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = tmp_path / "texts.csv"
    texts.write_text("id,text\n" + "".join(f"t{n},my refund {n}\n" for n in range(60)))
    workers = tmp_path / "workers.yaml"
    workers.write_text(WORKERS)
    out = tmp_path / "labelled"
    call = ["label", str(texts), "--workers", str(workers), "--budget", "20usd", "--out", str(out)]
    call += ["--classes", "refund,card"]
    assert run_command_line([*call, "--dry-run", "--json"]) == ExitCode.OK
    forecast = json.loads(capsys.readouterr().out)
    assert not out.exists()
    assert 0 < float(forecast["cost_high"]) <= 20
    assert run_command_line([*call, "--json", "-q"]) == ExitCode.OK
    report = json.loads(capsys.readouterr().out)
    assert report["status"] == "waiting"
    assert report["workers"][0]["waiting"] > 0
    assert run_command_line(["label", "resume", str(out)]) == ExitCode.OK
    assert "undercut label resume" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    [
        ["--dry-run"], ["--workers", "w.yaml"], ["--target-error", "0.2"], ["--no-audit"],
        ["--then-run"], ["--out", "elsewhere"], ["--classes", "a,b"],
    ],
)  # fmt: skip
def test_resume_refuses_what_it_would_not_heed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    assert run_command_line(["label", "resume", str(tmp_path), *option]) == ExitCode.USAGE
    assert f"{option[0]} is said when a job begins" in capsys.readouterr().err


def test_ask_again_is_for_resume(capsys: pytest.CaptureFixture[str]) -> None:
    call = ["label", "t.csv", "--workers", "w.yaml", "--budget", "5usd", "--ask-again"]
    assert run_command_line(call) == ExitCode.USAGE
    assert "undercut label resume FOLDER --ask-again" in capsys.readouterr().err
