"""What a quality threshold would remove is what it does remove."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from undercut.cli.main import run_command_line
from undercut.core.errors import ConfigError
from undercut.runs.cleaning.config import make_clean_config
from undercut.runs.cleaning.job import clean
from undercut.runs.cleaning.preview import preview_limits

TEXTS = [
    "one two three",
    "a good deal longer than the others here",
    "这个很好",
    "这家店的东西很好我还会再来的",
    "  ",
    "two words",
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "texts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text"], *([text] for text in TEXTS)])
    return path


def gone(source: Path, out: Path, *limits: str) -> set[str]:
    settings = {"sources": (str(source),), "quality_limits": limits, "out": str(out)}
    clean(make_clean_config(settings | {"near_duplicates": "off"}))
    table = pq.read_table(out / "rejected.parquet").to_pylist()
    return {row["text"] for row in table if row["rule"] == "few_words"}


def test_the_preview_counts_what_the_limit_then_removes(source: Path, tmp_path: Path) -> None:
    for threshold in (3, 5):
        [seen] = preview_limits([str(source)], "few_words", [threshold], examples=9)
        removed = gone(source, tmp_path / str(threshold), f"few_words={threshold}")
        assert {example.text for example in seen.examples if example.text.strip()} == removed
    assert removed == {"one two three", "two words", "这个很好"}


def test_chinese_may_have_a_threshold_of_its_own(source: Path, tmp_path: Path) -> None:
    assert gone(source, tmp_path / "a", "few_words=1,10") == {"这个很好"}
    assert gone(source, tmp_path / "b", "few_words=9,9", "few_words=off") == set()


@pytest.mark.parametrize("limit", ["few_words", "few_words=", "few_words=a", "few_words=1,2,3"])
def test_limits_that_say_nothing_are_refused(limit: str) -> None:
    with pytest.raises(ConfigError, match="few_words"):
        make_clean_config({"sources": ("x.csv",), "quality_limits": (limit,)})


def test_limits_of_unknown_rules_or_without_rules_are_refused() -> None:
    with pytest.raises(ConfigError, match="unknown quality rule 'nope'"):
        make_clean_config({"sources": ("x.csv",), "quality_limits": ("nope=3",)})
    with pytest.raises(ConfigError, match="quality is off"):
        make_clean_config(
            {"sources": ("x.csv",), "quality": "off", "quality_limits": ("few_words=3",)}
        )


def test_the_command_shows_counts_and_texts(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(["data", "preview", str(source), "--rule", "few_words"]) == 0
    assert "too short to say something" in capsys.readouterr().out
    words = ["data", "preview", str(source), "--rule", "few_words", "--at", "3", "--json"]
    assert run_command_line(words) == 0
    [removal] = json.loads(capsys.readouterr().out)["removals"]
    assert (removal["removed"], removal["threshold"]) == (2, 3.0)
    assert run_command_line(["data", "preview", str(source), "--rule", "nope"]) != 0
    assert "unknown quality rule" in capsys.readouterr().err
