"""`undercut run`: which settings count, what goes to which stream."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_fakes import Call, FakeJob

from undercut.cli.options import EffortChoice, LanguageChoice
from undercut.runs.config import RunConfig


def test_defaults_are_those_of_the_config(undercut_cli: Call, job: FakeJob) -> None:
    assert undercut_cli("run", "a.csv").code == 0
    assert job.configs == [RunConfig(train="a.csv")]


def test_every_flag_reaches_the_config(undercut_cli: Call, job: FakeJob) -> None:
    wanted = RunConfig(
        train="客户/工单.csv",
        test="t.csv",
        text_column="text",
        label_column="label",
        keep=0.97,
        confidence=0.9,
        encoder="use-multilingual",
        budget="0.05 USD",
        host="c7g.large",
        effort="quick",
        seed=7,
        out="输出",
        language="zh",
        prices=("p.yaml", "q.yaml"),
        certify_rows=400,
        tune_rows=200,
    )
    arguments = ["run", wanted.train]
    for name in RunConfig.model_fields:
        value = getattr(wanted, name)
        if name != "train":
            for one in value if isinstance(value, tuple) else (value,):
                arguments += [f"--{name.replace('_', '-')}", str(one)]
    assert undercut_cli(*arguments).code == 0
    assert job.configs == [wanted]


def test_choices_are_those_of_the_config() -> None:
    fields = RunConfig.model_fields
    assert fields["effort"].annotation is not None
    assert set(EffortChoice) == set(fields["effort"].annotation.__args__)
    assert set(LanguageChoice) == set(fields["language"].annotation.__args__)  # type: ignore[union-attr]


def test_flags_win_over_the_file_and_the_file_over_defaults(
    undercut_cli: Call, job: FakeJob, tmp_path: Path
) -> None:
    file = tmp_path / "设置.yaml"
    file.write_text("train: file.csv\nkeep: 0.95\ntext-column: 文本\nseed: 3\n", encoding="utf-8")
    assert undercut_cli("run", "--config", str(file), "--keep", "0.9").code == 0
    assert job.configs == [RunConfig(train="file.csv", keep=0.9, text_column="文本", seed=3)]


def test_a_file_in_the_current_folder_is_not_read(
    undercut_cli: Call, job: FakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "undercut.yaml").write_text("train: x.csv\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    outcome = undercut_cli("run")
    assert outcome.code == 2
    assert "no training file" in outcome.err
    assert job.configs == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("train: a.csv\nkep: 0.9\n", ("kep", "keep")),
        ("train: a.csv\nkeep: a lot\n", ("keep", "a lot")),
        ("train: a.csv\nkeep: 99\n", ("keep", "99")),
        ("train: a.csv\nseed: 1.5\n", ("seed", "1.5")),
        ("train: [a.csv]\n", ("train",)),
        ("train: a.csv\nbudget: a fortune\n", ("a fortune",)),
        ("- a.csv\n", ("list",)),
        ("train: 'a\n", ("YAML",)),
    ],
)
def test_a_wrong_config_file_is_named_and_explained(
    undercut_cli: Call, job: FakeJob, tmp_path: Path, content: str, words: tuple[str, ...]
) -> None:
    file = tmp_path / "undercut.yaml"
    file.write_text(content, encoding="utf-8")
    outcome = undercut_cli("run", "--config", str(file))
    assert outcome.code == 2
    assert all(word in outcome.err for word in words), outcome.err
    assert job.configs == []


def test_json_is_the_report_and_nothing_else(undercut_cli: Call, job: FakeJob) -> None:
    job.prints = "a library talks"
    outcome = undercut_cli("run", "a.csv", "--json")
    assert json.loads(outcome.out) == job.report.model_dump(mode="json")
    assert "a library talks" in outcome.err


def test_table_on_stdout_progress_and_next_steps_on_stderr(
    undercut_cli: Call, job: FakeJob
) -> None:
    outcome = undercut_cli("run", "a.csv", "--out", "my out")
    assert "93.7%" in outcome.out
    assert "train the teacher" not in outcome.out
    assert "train the teacher" in outcome.err
    assert "undercut predict 'my out/plan' FILE" in outcome.err
    assert "'my out/report.html'" in outcome.err


def test_quiet_leaves_stderr_empty(undercut_cli: Call, job: FakeJob) -> None:
    outcome = undercut_cli("run", "a.csv", "--quiet")
    assert outcome.err == ""
    assert "93.7%" in outcome.out


def test_a_target_that_is_not_met_is_a_result(
    undercut_cli: Call, job: FakeJob, samples: object
) -> None:
    job.report = samples.not_met()  # type: ignore[attr-defined]
    assert undercut_cli("run", "a.csv").code == 0
    outcome = undercut_cli("run", "a.csv", "--fail-if-not-met", "--json")
    assert outcome.code == 4
    assert json.loads(outcome.out)["certificate"]["met"] is False


def test_a_met_target_passes_the_gate(undercut_cli: Call, job: FakeJob) -> None:
    assert undercut_cli("run", "a.csv", "--fail-if-not-met").code == 0


def test_chinese_report_by_flag(undercut_cli: Call, job: FakeJob) -> None:
    assert "已认证" in undercut_cli("run", "a.csv", "--language", "zh").out
